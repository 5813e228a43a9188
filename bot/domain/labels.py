"""The description of each rule of ours, by which a grant survives the loss of the database."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from html import unescape
from urllib.parse import unquote

_TIME = "%Y-%m-%dT%H:%M:%SZ"
_LABEL = re.compile(
    r"dbaccess/(?P<instance>\S+) #(?P<grant>[1-9]\d{0,8}) "
    r"until (?P<until>\S+)(?P<adopted> adopted)?"
)
_LEAST_LETTERS = 4  # people write "db" and "dba" themselves
_WORD = re.compile(r"[a-z0-9]+")
INSTANCE = r"[a-z0-9][a-z0-9-]{0,31}"


@dataclass(frozen=True)
class Label:
    """`dbaccess/<instance> #<grant> until <UTC time>`, to the second.

    On a rule that was there before, ` adopted` follows: the rule goes when its time is up, and
    stays if the grant ends in any other way.
    """

    instance: str
    grant_id: int
    until: datetime
    adopted: bool = False

    def __str__(self) -> str:
        until = self.until.strftime(_TIME)
        behind = " adopted" if self.adopted else ""
        return f"dbaccess/{self.instance} #{self.grant_id} until {until}{behind}"


def label(instance: str, grant_id: int, until: datetime, *, adopted: bool = False) -> Label:
    """Return the label of a grant that ends at *until* (aware UTC, cut to the second)."""
    return Label(instance, grant_id, until.replace(microsecond=0), adopted)


@lru_cache(maxsize=4096)  # the same few rules are read again and again
def read_label(description: str | None) -> Label | None:
    """Return the label that *description* is, or None if it is anything else."""
    match = _LABEL.fullmatch((description or "").strip())
    if match is None:
        return None
    try:
        until = datetime.strptime(match["until"], _TIME).replace(tzinfo=UTC)
    except ValueError:
        return None
    return Label(match["instance"], int(match["grant"]), until, bool(match["adopted"]))


def is_rest_of_label(description: str | None, instance: str) -> bool:
    """Tell whether *description* is a label of *instance* that was cut or escaped.

    DigitalOcean does not document how long a description may be, or whether it is escaped.
    """
    if not description or read_label(description) is not None:
        return False
    words = _WORD.findall(unquote(unescape(description)).lower())
    expected = ["dbaccess", *_WORD.findall(instance)]
    if len(words) > len(expected):
        after = words[len(expected)]  # a number, or "guard"; not a longer name
        return words[: len(expected)] == expected and (after.isdigit() or "guard".startswith(after))
    *whole, last = words or [""]
    is_cut_there = whole == expected[: len(whole)] and expected[len(whole)].startswith(last)
    return is_cut_there and (bool(whole) or len(last) >= _LEAST_LETTERS)


def guard_label(instance: str) -> str:
    """Return the description of the guard rule, which keeps a cluster from being open to all."""
    return f"dbaccess/{instance} guard, keeps this cluster closed"
