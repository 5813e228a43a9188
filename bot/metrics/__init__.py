"""What `GET /metrics` returns: the current state of the tables, and what this process did."""

from bot.metrics.process import Metrics

__all__ = ["Metrics"]
