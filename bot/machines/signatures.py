"""Signatures of tokens, by PyJWT. Loaded with the first token: cryptography takes its time."""

import jwt

from bot.machines.issuer_keys import Jwk
from bot.machines.token_text import BadToken


def check_signature(token: str, key: Jwk, algorithm: str) -> None:
    """Refuse a token that was not signed by a key with that algorithm.

    Extensions that a token calls critical are refused, too, since PyJWT knows none.

    Raises:
        BadToken: it was not.
    """
    if key.get("alg") not in (None, algorithm):
        raise BadToken(f"it is signed with {algorithm}, and its key is for {key['alg']}")
    try:
        jwt.PyJWS(options={"enforce_minimum_key_length": True}).decode_complete(
            token, jwt.PyJWK(dict(key), algorithm), [algorithm]
        )
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise BadToken(f"its signature does not hold: {error}") from error
