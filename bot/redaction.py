"""Redaction: secrets are removed from any text, however they are encoded (P8)."""

import base64
import json
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

HIDDEN = "[secret]"
_SHORTEST_ENCODED = 6  # a shorter piece of Base64 occurs in too many harmless words

_ISSUED = r"(?:xox[a-z]|xapp|xwfp|dop_v1|doo_v1|dor_v1)[-_][A-Za-z0-9%_-]+"
_SIGNS_WEBHOOKS = r"whsec_[A-Za-z0-9+/=%_-]+"
_JWT = r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+"  # eyJ: {" in Base64
_RESPONSE_URL = r"https?://[^/\s\"']+/(?:commands|actions|response|services|workflows)[^\s\"']*"
_RESPONSE_PATH = r"/(?:commands|actions|services|workflows)/T[A-Z0-9]+/[^\s\"']+"
_IP_LINK = r"(?<=/ip/)[^\s\"'<>]+"
_AUTHORIZATION = r"(?i)(?<=\bBearer )[^\s\"',\[\]]+|(?<=\bBasic )[A-Za-z0-9+/=_-]{8,}"
_IN_URL = r"(?<=://)([^\s/:@\"']*):(?!\[secret\])[^\s/\"']+(?=@)"
_NAMED = (
    r"(?i)((?:password|passwd|pwd|token|ticket|api_?key|secret)"
    r"(?:\\?[\"'])?\s?[=:]\s?(?:b?\\?[\"'])?)(?!\[secret\])[^\s\"'&,;}\\]{3,}"
)
_PATTERNS = [
    (re.compile(pattern), HIDDEN)
    for pattern in (
        _ISSUED,
        _SIGNS_WEBHOOKS,
        _JWT,
        _RESPONSE_URL,
        _RESPONSE_PATH,
        _IP_LINK,
        _AUTHORIZATION,
    )
] + [
    (re.compile(_IN_URL), rf"\1:{HIDDEN}"),
    (re.compile(_NAMED), rf"\1{HIDDEN}"),
]


class Redaction:
    """Replaces what looks like a secret, and the *secrets* of this installation, in any text."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        forms = {form for secret in secrets if secret for form in _forms(secret)}
        self._forms = sorted(forms, key=len, reverse=True)
        self._lengths = [-len(form) for form in self._forms]

    def clean(self, text: str) -> str:
        """Return *text* without secrets."""
        for form in self._forms[bisect_left(self._lengths, -len(text)) :]:  # no longer than it
            text = text.replace(form, HIDDEN)
        for pattern, instead in _PATTERNS:
            text = pattern.sub(instead, text)
        return text


def _forms(secret: str) -> Iterator[str]:
    """Yield a secret as it is, and quoted, escaped or encoded."""
    yield secret
    yield quote(secret)
    yield quote(secret, safe="")
    yield quote_plus(secret)
    yield json.dumps(secret)[1:-1]
    yield repr(secret)[1:-1]
    yield repr(secret.encode())[2:-1]
    for shift in range(3):
        yield from _base64_forms(secret.encode(), shift)


def _base64_forms(secret: bytes, shift: int) -> Iterator[str]:
    """Yield a secret's Base64 after so many other bytes, without the digits at the edges."""
    first = -(-shift * 8 // 6)  # the digits that also encode bits of what precedes
    whole = (shift + len(secret)) * 8 // 6
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        digits = encode(b"\0" * shift + secret).decode()[first:whole]
        if len(digits) >= _SHORTEST_ENCODED:
            yield digits
