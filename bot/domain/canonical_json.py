"""JSON in its one form, for digests: sorted keys, no spaces, ASCII only."""

import json
from json.encoder import encode_basestring_ascii as quoted
from typing import Any

__all__ = ["decode", "encode", "quoted"]

_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode
_decode_some = json.JSONDecoder().raw_decode


def encode(value: Any) -> str:
    """Return a plain value as JSON. An encoder for a short list takes longer to make than to use.

    Raises:
        TypeError: it is none.
    """
    if isinstance(value, list):
        return f"[{','.join(map(encode, value))}]"
    return _encode(value)


def decode(text: str) -> Any:
    """Return what JSON in any form says; in its one form, it is read twice as fast.

    Raises:
        ValueError: it is no JSON.
    """
    try:
        value, end = _decode_some(text)
    except ValueError:
        end = None
    return value if end == len(text) else json.loads(text)
