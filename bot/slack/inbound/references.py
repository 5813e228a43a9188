"""References: what a person is told where something went wrong, and what finds it in the logs."""

import secrets

from structlog.contextvars import get_contextvars

_BYTES = 4


def new_reference() -> str:
    """Return one that nobody has yet: eight hexadecimal digits."""
    return secrets.token_hex(_BYTES)


def current_reference() -> str:
    """Return that of the work that this thread is at, else a new one."""
    return str(get_contextvars().get("reference") or new_reference())
