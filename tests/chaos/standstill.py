"""A bot that stands still at one step of its work: `standstill.py SECONDS STEP LOG worker`.

The steps are those of `doomed.py`, and 0 is none of them. Whoever stands still keeps what they
hold for SECONDS only: a test has less time than an installation.
"""

import signal
import sys

from tests.chaos import doomed


def shorten(seconds: float) -> None:
    """Let all that a frozen process holds be given up sooner, before the bot is put together."""
    from bot.reconcile import convergence
    from bot.store import locks, timeouts

    convergence.FRESH_SECONDS = seconds / 2
    locks.STANDSTILL_SECONDS = seconds  # type: ignore[assignment]  # a test's own time
    timeouts.IDLE_SECONDS = round(seconds)
    locks.ClusterLocks.__init__.__kwdefaults__ = {"standstill_seconds": seconds}
    doomed.shorten_claims(seconds + 1)


if __name__ == "__main__":
    shorten(float(sys.argv[1]))
    from bot.cli import main

    doomed.main(sys.argv[2:], main, signal.SIGSTOP)
