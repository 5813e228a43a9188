"""Logs: structured, for a terminal or as JSON, with all secrets redacted (P8)."""

import logging
import sys
import threading
from collections.abc import Iterable, MutableMapping
from functools import lru_cache
from types import TracebackType
from typing import Any

import structlog
from structlog.typing import Processor

from bot.redaction import Redaction

_STRUCTLOGS_OWN = {"_record", "_from_structlog"}
_OF_MANY_LINES = ("exception", "stack")
log = structlog.get_logger()


class Redactor:
    """Cleans every log entry, as a structlog processor."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._clean = Redaction(secrets).clean
        self._clean_key = lru_cache(maxsize=256)(self._clean)  # the same few, in every entry

    def __call__(
        self, _logger: Any, _method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        """Redact each key and each value of an entry; numbers stay numbers."""
        clean = self._clean
        for key in list(event):
            if key in _STRUCTLOGS_OWN:
                continue
            value = event.pop(key)
            is_number = isinstance(value, int | float)
            event[self._clean_key(key)] = value if is_number else clean(str(value))
        return event


def show_as_text(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Escape what could move the cursor, change colours or forge a second entry (a processor).

    A traceback keeps its lines, each of them indented.
    """
    for key, value in event.items():
        if isinstance(value, str) and not key.startswith("_"):
            lines = value.split("\n") if key in _OF_MANY_LINES else [value]
            event[key] = "\n    ".join(map(_printable, lines))
    return event


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def set_up_logs(
    log_format: str | None, secrets: Iterable[str] = (), *, level: int = logging.INFO
) -> None:
    """Send all logs, including those of libraries, to standard error.

    Args:
        log_format: `console` or `json`; None: `console` at a terminal, else `json`.
        secrets: what must never be written, besides what looks like a token.
        level: the least important entries that are written, one of `logging`'s levels.
    """
    as_console = log_format == "console" or (log_format is None and sys.stderr.isatty())
    render: list[Processor] = (
        [show_as_text, structlog.dev.ConsoleRenderer()]
        if as_console
        else [structlog.processors.JSONRenderer(sort_keys=True)]
    )
    first: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        Redactor(secrets),
    ]
    structlog.configure(
        processors=[*first, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=first,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *render],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in ("azure", "alembic", "slack_sdk", "waitress.queue"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    # Bolt warns that a token is ignored, as we want it to be: see `bot.slack.inbound.bolt_app`.
    # APScheduler warns at each interval at which a job still runs; `/readyz` names such a job.
    for noisier in ("slack_bolt", "apscheduler"):
        logging.getLogger(noisier).setLevel(logging.ERROR)


def log_crashes() -> None:
    """Log uncaught exceptions like everything else; Python would print them, with secrets."""
    logging.captureWarnings(True)
    sys.excepthook = _crashed
    threading.excepthook = lambda crash: _crashed(
        crash.exc_type, crash.exc_value, crash.exc_traceback
    )


def _crashed(
    kind: type[BaseException], error: BaseException | None, traceback: TracebackType | None
) -> None:
    if not issubclass(kind, KeyboardInterrupt | SystemExit):
        log.critical("crashed", exc_info=(kind, error, traceback))
