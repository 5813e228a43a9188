"""When the API refuses a list of rules: which of them it rejects.

One bad rule has the whole list refused, and the API need not say which. Its message may name it;
otherwise it is a rule for something that no longer exists, a destroyed Droplet for instance.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from bot.domain.lifecycle import EndReason, Grant
from bot.domain.rules import Rule
from bot.domain.sources import SourceType
from bot.providers.base import ApiError, Provider, Rejected


@dataclass
class Search:
    """The search for grants whose rules are refused, one write after another.

    The first write after a refusal adds nothing. If that is refused too, no new rule is to blame.
    Afterwards, rules are added one grant at a time, even if there is just one: the cluster may have
    been busy for a moment, and during a resize it still says `online` for some seconds.
    """

    suspects: list[int] = field(default_factory=list)
    refused: dict[int, str] = field(default_factory=dict)
    is_probing: bool = False

    def without_refused(self, grants: Iterable[Grant], now: datetime) -> list[Grant]:
        """Return the grants to plan the next write with: those that are refused are to end."""
        left_out = set(self.suspects[0 if self.is_probing else 1 :])
        return [
            grant.leave(EndReason.FAILED, now)
            if grant.id in self.refused and grant.is_live
            else grant
            for grant in grants
            if grant.id not in left_out
        ]

    def refuse(self, added: Collection[int], words: str) -> bool:
        """Note that a write that adds the rules of these grants was refused.

        Returns False if the search cannot go on: nothing of ours is to blame.
        """
        if self.is_probing or not added:
            return False
        if self.suspects:
            self.refused |= dict.fromkeys(added, words)
            self.suspects.pop(0)
        else:
            self.suspects, self.is_probing = sorted(added), True
        return True

    def refuse_held(self, rule: Rule, grants: Iterable[Grant], error: Rejected) -> bool:
        """Note that an existing rule is refused; return whether that is new.

        An adopted rule is not ours to remove before its time.
        """
        held = {
            g.id
            for g in grants
            if g.is_live and g.owned and not g.adopted and g.source == rule.source
        }
        new = held - self.refused.keys()
        self.refused |= dict.fromkeys(new, error.message)
        self.suspects, self.is_probing = [], False
        return bool(new)

    def accept(self) -> None:
        """Note that a write was taken."""
        if self.is_probing:
            self.is_probing = False
        else:
            self.suspects = self.suspects[1:]


def find_refused(rules: Sequence[Rule], words: str, provider: Provider) -> list[Rule]:
    """Return the existing *rules* that the API seems to reject, by the *words* of its message."""
    mentioned = set(re.findall(r"[\w.:/-]*\w", words))
    named = [rule for rule in rules if mentioned & _names_of(rule)]
    return named or _dangling(rules, provider)


def is_told(rules: Sequence[Rule], words: str, error: str) -> bool:
    """Tell whether an earlier *error* named rules that are all still there, to save calls."""
    named = [rule for rule in rules if _shown(rule) in error]
    return bool(named) and describe_refused(words, named) == error


def _names_of(rule: Rule) -> set[str]:
    """Return the words by which a message may name a rule; a tag may be any word of it."""
    whole = f"{rule.type}:{rule.value}"
    return {whole} if rule.type == SourceType.TAG else {whole, rule.value}


def _dangling(rules: Sequence[Rule], provider: Provider) -> list[Rule]:
    """Return the rules for things that the provider no longer lists."""
    found: list[Rule] = []
    for kind in SourceType:
        of_kind = [rule for rule in rules if rule.type == kind]
        if kind is SourceType.IP_ADDR or not of_kind:
            continue
        with suppress(ApiError):  # the token need not have the scope
            there = {source.id.lower() for source in provider.list_sources(kind)}
            found += [rule for rule in of_kind if rule.value.lower() not in there]
    return found


def describe_refused(words: str, culprits: Sequence[Rule]) -> str:
    """Return what is wrong, and what somebody has to do about it."""
    if not culprits:
        return (
            f"DigitalOcean rejects every change to this firewall: {words}. Perhaps an existing "
            "rule is no longer valid. dbaccess cannot tell which"
        )
    shown = ", ".join(_shown(rule) for rule in culprits)
    return (
        f"DigitalOcean rejects every change to this firewall: {words}. The cause is probably "
        f"{shown}, which dbaccess did not add. Remove it at DigitalOcean, unless it is the last one"
    )


def _shown(rule: Rule) -> str:
    whose = f"“{rule.description}”" if rule.description else "without a description"
    since = f", added on {rule.created_at:%d %B %Y}" if rule.created_at else ""
    return f"{rule.type}:{rule.value} ({whose}{since})"
