"""What a reason gives away: a cluster, or for how long, that does not stand in its place."""

import re
import unicodedata
from collections.abc import Sequence
from itertools import pairwise

from bot.domain.durations import UNIT, leading_duration
from bot.domain.line_words import ALMOST_IN_WORDS, CLOCK, Word
from bot.domain.policy import Policy

_BETWEEN = re.compile(r"[^a-z0-9_-]+")
_JOINTS = re.compile(r"[-_]+")
_LIKE_DURATION = re.compile(
    rf"[0-9.]+(?:{UNIT})(?![a-z])|pt?[0-9]+[a-z]|(?:half|until|till|til)\b.*|{CLOCK.pattern}"
)
_UNITS = re.compile(r"(?:seconds?|secs?|minutes?|mins?|hours?|hrs?|days?|weeks?|wks?)")
_WHEN = frozenset({"today", "tonight", "noon", "midnight", "eod", "cob"})
_ENDS = frozenset({"by", "before", "ending", "max"})
_DATABASE = frozenset({"cluster", "db", "database"})


def named_in(words: Sequence[Word], policy: Policy) -> set[str]:
    """Return the clusters that a reason names, whatever stands around their names."""
    text = unicodedata.normalize("NFKC", " ".join(word.plain for word in words)).lower()
    tokens = [token.strip("-_") for token in _BETWEEN.split(text)]
    tokens = [token for token in tokens if token]
    found = {alias for token in tokens for alias in _inside(token, policy)}
    for first, second in pairwise(tokens):
        found |= {first + joint + second for joint in "-_"} & set(policy.clusters)
    return found


def nearly_names(words: Sequence[Word], policy: Policy) -> bool:
    """Tell whether a word beside "cluster" or "database" is nearly a cluster's name."""
    said = [word.bare for word in words]
    beside = {
        said[near]
        for at, word in enumerate(said)
        if word in _DATABASE
        for near in (at - 1, at + 1)
        if 0 <= near < len(said)
    }
    return any(policy.nearest(word) for word in beside if word)


def is_two_words(words: Sequence[Word], policy: Policy) -> bool:
    """Tell whether the first word, a cluster's name, is another's together with the second."""
    if len(words) < 2:
        return False
    both = {words[0].bare + joint + words[1].bare for joint in "-_"}
    return not both.isdisjoint(policy.clusters)


def mentions_duration(words: Sequence[Word]) -> bool:
    """Tell whether a reason says how long, as in "fixing the job for half an hour"."""
    said = [word.bare for word in words]
    return any(
        leading_duration(said[at:])
        or ALMOST_IN_WORDS.fullmatch(" ".join(said[at : at + 3]))
        or _LIKE_DURATION.match(word)
        or _UNITS.fullmatch(word)
        or word in _WHEN
        or (word in _ENDS and said[at + 1 : at + 2] and said[at + 1][:1].isdigit())
        for at, word in enumerate(said)
    )


def _inside(token: str, policy: Policy) -> set[str]:
    """Return the aliases that a word is, or is made of with dashes: `orders-db`."""
    if token in policy.clusters:
        return {token}
    return {alias for alias in policy.clusters if f"-{_dashed(alias)}-" in f"-{_dashed(token)}-"}


def _dashed(name: str) -> str:
    return _JOINTS.sub("-", name)
