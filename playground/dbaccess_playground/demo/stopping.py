"""How what is played at a terminal comes to its end."""

import signal
import threading
from collections.abc import Callable


def stop_on_signals() -> Callable[[], object]:
    """Return what waits for Ctrl-C or SIGTERM; one that comes before is not lost."""
    told_to_stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told_to_stop.set())
    return told_to_stop.wait
