"""One try at bringing a cluster in line: what is known of its grants and rules so far."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot.domain.lifecycle import Grant
from bot.domain.ownership import own_what_appeared, own_what_is_labelled
from bot.domain.plan import Plan
from bot.domain.rules import Rule
from bot.domain.sources import TrustedSource
from bot.store.clusters import Watch

RELABEL_AFTER = timedelta(hours=1)
_MOST_LABEL_LOSSES = 2  # so many writes in a row whose labels were lost are no coincidence


@dataclass(frozen=True)
class Write:
    """A write that was sent; `certain` where its answer came, or its effect was seen."""

    plan: Plan
    certain: bool

    @property
    def is_to_be_seen(self) -> bool:
        """Whether a read after it must show another list."""
        return self.certain and bool(self.plan.adds or self.plan.removes)

    def seen_in(self, rules: Sequence[Rule]) -> "Write":
        """Return it as it is known once *rules* were read: nobody else writes our labels."""
        labels = {(rule.source, rule.description) for rule in rules}
        is_there = {(rule.source, rule.description) for rule in self.plan.adds} <= labels
        return replace(self, certain=self.certain or (bool(self.plan.adds) and is_there))


@dataclass
class Attempt:
    """One try at bringing a cluster in line.

    `loaded` are the grants as they are known so far: as they were at its beginning, with what was
    noted and seen since. `rules` is the last read, `refused` the grants whose rule the API will not
    take, with its words, `stripped` our rules that somebody else took the label from.
    """

    watch: Watch
    loaded: tuple[Grant, ...]
    began_at: datetime
    rules: Sequence[Rule] = ()
    outcome: Plan | None = None
    writes: list[Write] = field(default_factory=list)
    refused: Mapping[int, str] = field(default_factory=dict)
    stripped: frozenset[TrustedSource] = frozenset()

    @property
    def cluster_id(self) -> str:
        """The cluster's UUID."""
        return self.watch.id

    @property
    def alias(self) -> str:
        """The cluster's name in the policy."""
        return self.watch.alias

    def is_guarded(self, instance: str) -> bool:
        """Tell whether the guard rule was among the rules of the last read (P2)."""
        return any(rule.is_guard(instance) for rule in self.rules)

    def see(self, rules: Sequence[Rule], instance: str, *, just_written: bool) -> None:
        """Take in what was read; what bears our label or was just added is ours from now on."""
        if just_written:
            last, self.writes[-1] = self.writes[-1], self.writes[-1].seen_in(rules)
            ours = {i for i, present in last.plan.present.items() if present.owned}
            appeared = own_what_appeared(
                self.loaded,
                ours | last.plan.to_add,
                self.rules,
                rules,
                instance=instance,
                certain=last.certain,
                described=self.described,
            )
            self.loaded = tuple(appeared)
        self.loaded = tuple(own_what_is_labelled(self.loaded, rules, instance))
        self.rules = rules

    def know(self, changed: Mapping[int, Grant]) -> None:
        """Take in what was noted of some grants."""
        self.loaded = tuple(changed.get(grant.id, grant) for grant in self.loaded)

    def as_seen(self, current: Grant) -> Grant:
        """Return a grant as it stands, with whose its rule is by what this attempt saw."""
        seen = next(grant for grant in self.loaded if grant.id == current.id)
        return replace(current, owned=seen.owned, rule_uuid=seen.rule_uuid)

    @property
    def tried(self) -> frozenset[int]:
        """The grants whose rules a write (perhaps) added."""
        return frozenset().union(*(write.plan.to_add for write in self.writes))

    @property
    def keeps_labels(self) -> bool:
        """Whether the API keeps our labels to the letter, as far as is known."""
        return self.watch.label_losses < _MOST_LABEL_LOSSES

    @property
    def may_relabel(self) -> bool:
        """Whether to write for nothing but labels: once, and now and then where they are lost."""
        written_at = self.watch.written_at
        is_time = written_at is None or self.began_at - written_at >= RELABEL_AFTER
        return not self.writes and (self.keeps_labels or is_time)

    @property
    def described(self) -> frozenset[str] | None:
        """Whose rules had a description when that was last recorded; see `plan`."""
        known = frozenset(self.watch.described.splitlines())
        return known if known or self.keeps_labels else None
