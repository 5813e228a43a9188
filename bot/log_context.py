"""Log context: what an entry is about, and the reference by which a person can name it."""

import secrets

from structlog.contextvars import get_contextvars

from bot.domain.commands import Command
from bot.domain.lifecycle import Grant
from bot.domain.notices import Notice, RequestFacts

_REFERENCE_BYTES = 4


def subject_of(thing: Notice | Command) -> dict[str, int | str]:
    """Return as many of `request`, `grant` and `cluster` (its alias) as *thing* names."""
    facts = getattr(thing, "request", None) or getattr(thing, "grant", None)
    named: dict[str, int | str | None] = {
        "request": getattr(thing, "request_id", None),
        "grant": getattr(thing, "grant_id", None),
        "cluster": getattr(thing, "cluster", None),
    }
    match facts:
        case RequestFacts(id=number, cluster=cluster):
            named |= {"request": number, "cluster": cluster}
        case Grant(id=number, cluster=cluster):
            named |= {"grant": number, "cluster": cluster}
    return {key: value for key, value in named.items() if value is not None}


def new_reference() -> str:
    """Return one that nobody has yet: eight hexadecimal digits."""
    return secrets.token_hex(_REFERENCE_BYTES)


def current_reference() -> str:
    """Return that of the work that this thread is at, else a new one."""
    return str(get_contextvars().get("reference") or new_reference())
