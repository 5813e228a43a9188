"""The header `Idempotency-Key`: a request that may have arrived already is sent again with it.

By the IETF's draft-ietf-httpapi-idempotency-key-header. What was refused changed nothing, and so is
not kept: the same request may succeed later.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from threading import Lock

from bot.domain.canonical_json import encode
from bot.domain.commands import RequestAccess
from bot.store.idempotency import Once
from bot.web.api.problems import kind

HEADER = "Idempotency-Key"
LONGEST_KEY = 255
_KEY = re.compile(rf"[!-~](?:[ -~]{{0,{LONGEST_KEY - 2}}}[!-~])?")


def once_of(header: str | None, asked: RequestAccess, principal: str) -> Once | None:
    """Return what tells a request that counts once; None where it has no key.

    The caller's address is part of it: from another one, it is another request.

    Raises:
        ProblemFound: the key is empty, too long, or has other than printable ASCII in it.
    """
    if header is None:
        return None
    key = header.strip()
    if len(key) > 1 and key[0] == key[-1] == '"':  # a string, as structured fields have them
        key = key[1:-1]
    if not _KEY.fullmatch(key):
        detail = f"{HEADER} must be 1 to {LONGEST_KEY} printable ASCII characters."
        raise kind("bad_idempotency_key", HTTPStatus.BAD_REQUEST, detail)
    return Once(principal, key, encode(asked.model_dump(mode="json")))


class InFlight:
    """The keys of requests that are being answered in this process."""

    def __init__(self) -> None:
        self._keys: set[str] = set()
        self._lock = Lock()

    @contextmanager
    def alone(self, once: Once | None) -> Iterator[None]:
        """Answer a request that counts once, unless the same one is being answered.

        Raises:
            ProblemFound: it is.
        """
        if once is None:
            yield
            return
        with self._lock:
            if once.id in self._keys:
                detail = f"A request with this {HEADER} is being answered. Try again in 1 s."
                raise kind("in_progress", HTTPStatus.CONFLICT, detail)
            self._keys.add(once.id)
        try:
            yield
        finally:
            with self._lock:
                self._keys.discard(once.id)
