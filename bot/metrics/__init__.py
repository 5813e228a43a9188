"""What `GET /metrics` tells: the tables as they are when asked, and what this process did."""

from bot.metrics.process import Metrics

__all__ = ["Metrics"]
