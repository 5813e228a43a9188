"""Secrets as people paste them, for a question that takes them."""

from bot.checks.secret_shapes import WrongShape, secret_of
from bot.cli.init.asking import Unusable


def token(key: str, typed: str) -> str:
    """Return the secret that was pasted for *key*, a field of `Settings`.

    Raises:
        Unusable: it is none of that kind.
    """
    try:
        return secret_of(key, typed)
    except WrongShape as wrong:
        raise Unusable(str(wrong)) from wrong
