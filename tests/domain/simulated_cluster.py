"""One cluster's firewall as DigitalOcean keeps it, and who wrote each of its rules.

The API of `PUT /v2/databases/{uuid}/firewall` replaces the whole list. It gives a new rule its
uuid and its time, and keeps both for a rule that is sent with a uuid it knows. What no API tells,
this double knows: whose a rule is.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain.rules import Rule
from bot.domain.sources import GUARD


@dataclass(frozen=True)
class Held:
    """A rule and the truth about it.

    `unsure` marks what nobody could tell from the rule alone: a foreign rule that looks just like
    one of ours, or one of ours that lost all that tells it from a foreign one.
    """

    rule: Rule
    ours: bool
    unsure: bool = False

    @property
    def surely_ours(self) -> bool:
        return self.ours and not self.unsure and self.rule.source != GUARD

    @property
    def surely_foreign(self) -> bool:
        return not self.ours and not self.unsure


class SimulatedCluster:
    """The rules of one cluster; `clock` is the server's."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._uuids = 0
        self._ever: dict[str | None, Held] = {}
        self.held: list[Held] = []

    def read(self) -> list[Rule]:
        """Answer a GET."""
        return [held.rule for held in self.held]

    def put(self, rules: Sequence[Rule]) -> None:
        """Take a PUT of dbaccess: a rule that it sends without a uuid is its own."""
        self._remember()
        known = [self._ever.get(rule.uuid) for rule in rules]
        self.replace_all(
            replace(before, rule=rule) if before else Held(rule, ours=True)
            for rule, before in zip(rules, known, strict=True)
        )

    def replace_all(self, entries: Iterable[Held]) -> None:
        """Take a PUT of anybody."""
        self._remember()
        standing = {held.rule.uuid: held.rule for held in self.held}
        self.held = [replace(e, rule=self._stored(e.rule, standing)) for e in entries]

    def doubt(self, is_doubtful: Callable[[Held], bool]) -> None:
        """Mark the rules whose writer nobody could tell any more."""
        self.held = [replace(h, unsure=True) if is_doubtful(h) else h for h in self.held]

    def _remember(self) -> None:
        self._ever.update({held.rule.uuid: held for held in self.held})

    def _stored(self, sent: Rule, standing: dict[str | None, Rule]) -> Rule:
        before = standing.get(sent.uuid) if sent.uuid else None
        if before is not None:
            return replace(sent, created_at=before.created_at)
        self._uuids += 1
        return replace(sent, uuid=f"uuid-{self._uuids}", created_at=self._clock())
