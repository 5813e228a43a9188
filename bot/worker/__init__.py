"""The worker of a process: what is due is claimed from the tables, and handled by a few threads."""

from bot.worker.worker import Worker

__all__ = ["Worker"]
