"""Logs: structured, for a terminal or as JSON, with secrets cut out wherever they turn up (P8)."""

import logging
import re
import sys
from collections.abc import Iterable, MutableMapping
from typing import Any

import structlog
from structlog.typing import Processor

_TOKEN_LIKE = re.compile(r"\b(?:xox[a-z]|xapp|dop_v1|doo_v1|dor_v1)[-_][A-Za-z0-9-]+")
_RESPONSE_URL = re.compile(r"(https?://[^/\s\"']+/(?:commands|actions|response)[^\s\"']*)")
_IP_LINK = re.compile(r"(?<=/ip/)[^\s\"'<>]+")
_HIDDEN = "[secret]"
_OF_MANY_LINES = ("exception", "stack")


class Redaction:
    """Replaces what looks like a token, and the *secrets* of this installation, in any text."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets = sorted((s for s in secrets if s), key=len, reverse=True)

    def clean(self, text: str) -> str:
        """Return *text* without secrets."""
        for secret in self._secrets:
            text = text.replace(secret, _HIDDEN)
        for pattern in (_TOKEN_LIKE, _RESPONSE_URL, _IP_LINK):
            text = pattern.sub(_HIDDEN, text)
        return text

    def __call__(
        self, _logger: Any, _method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        """Clean every value of a log entry, as a structlog processor."""
        for key, value in event.items():
            if key.startswith("_"):
                continue
            event[key] = value if isinstance(value, int | float) else self.clean(str(value))
        return event


def show_as_text(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Let no entry move the cursor, change colours or look like two, as a structlog processor.

    A traceback keeps its lines, and each of them is indented.
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
    """Send all logs, those of the libraries too, to standard error.

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
        Redaction(secrets),
    ]
    structlog.configure(
        processors=[*first, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
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
    for noisy in ("apscheduler", "azure", "alembic", "slack_sdk", "waitress.queue"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    # Bolt warns that a token is ignored, which is just what we want: see `bot.slack.app`.
    logging.getLogger("slack_bolt").setLevel(logging.ERROR)
