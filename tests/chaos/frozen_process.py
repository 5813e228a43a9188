"""A frozen process: the bot is stopped (SIGSTOP) at one step of its work.

`frozen_process.py SECONDS STEP LOG worker` runs one. The steps are those of `crash_injection.py`;
0 is none of them. A frozen process keeps its locks for SECONDS only: a test has less time than an
installation.
"""

import signal
import sys

from tests.chaos import crash_injection


def shorten(seconds: float) -> None:
    """Let all that a frozen process holds be given up sooner, before the bot is put together."""
    from bot.reconcile import convergence
    from bot.store import locks, timeouts

    convergence.FRESH_SECONDS = seconds / 2
    locks.STANDSTILL_SECONDS = seconds  # type: ignore[assignment]  # a test's own time
    timeouts.IDLE_SECONDS = round(seconds)
    locks.ClusterLocks.__init__.__kwdefaults__ = {"standstill_seconds": seconds}
    crash_injection.shorten_claims(seconds + 1)


if __name__ == "__main__":
    shorten(float(sys.argv[1]))
    from bot.cli import main

    crash_injection.main(sys.argv[2:], main, signal.SIGSTOP)
