"""The command line: `dbaccess`. Exit codes: 0 done, 1 a fault that was reported, 2 usage."""

from bot.cli.app import app, main

__all__ = ["app", "main"]
