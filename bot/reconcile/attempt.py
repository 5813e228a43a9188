"""An attempt to reconcile a cluster: what is known of its grants and rules so far."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot.domain.lifecycle import Grant, Request
from bot.domain.ownership import own_what_appeared, own_what_is_labelled
from bot.domain.plan import Plan
from bot.domain.rules import Rule
from bot.domain.sources import TrustedSource
from bot.store.clusters import Watch

RELABEL_AFTER = timedelta(hours=1)
_MOST_LABEL_LOSSES = 2  # after so many writes whose labels were lost, it is no coincidence


@dataclass(frozen=True)
class Write:
    """A write that was sent; `certain`: its answer came, or its effect was seen."""

    plan: Plan
    certain: bool

    @property
    def is_to_be_seen(self) -> bool:
        """Whether a read after it must show another list."""
        return self.certain and bool(self.plan.adds or self.plan.removes)

    def seen_in(self, rules: Sequence[Rule]) -> "Write":
        """Return it as certain if *rules* show our labels: nobody else writes those."""
        labels = {(rule.source, rule.description) for rule in rules}
        is_there = {(rule.source, rule.description) for rule in self.plan.adds} <= labels
        return replace(self, certain=self.certain or (bool(self.plan.adds) and is_there))


@dataclass
class Attempt:
    """One attempt to bring a cluster's rules in line with its grants.

    `loaded` are the cluster's grants, with all that was recorded and seen since the attempt began.
    `rules` is the last read, `refused` the grants whose rule the API rejects, with its message,
    `stripped` our rules whose label somebody else removed. `asked` are the requests, by number, of
    the grants that wait to open.
    """

    watch: Watch
    loaded: tuple[Grant, ...]
    began_at: datetime
    rules: Sequence[Rule] = ()
    outcome: Plan | None = None
    writes: list[Write] = field(default_factory=list)
    refused: Mapping[int, str] = field(default_factory=dict)
    stripped: frozenset[TrustedSource] = frozenset()
    asked: Mapping[int, Request] = field(default_factory=dict)

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
        """Take in what was read: a rule with our label, or one just added, is ours from now on."""
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
        """Return the current grant, updated with what this attempt saw of its rule."""
        seen = next(grant for grant in self.loaded if grant.id == current.id)
        return replace(current, owned=seen.owned, rule_uuid=seen.rule_uuid)

    @property
    def tried(self) -> frozenset[int]:
        """The grants whose rules a write (perhaps) added."""
        return frozenset().union(*(write.plan.to_add for write in self.writes))

    @property
    def keeps_labels(self) -> bool:
        """Whether the API keeps our labels unchanged, as far as is known."""
        return self.watch.label_losses < _MOST_LABEL_LOSSES

    @property
    def may_relabel(self) -> bool:
        """Whether to write just to restore labels: once, and only now and then if they get lost."""
        written_at = self.watch.written_at
        is_time = written_at is None or self.began_at - written_at >= RELABEL_AFTER
        return not self.writes and (self.keeps_labels or is_time)

    @property
    def described(self) -> frozenset[str] | None:
        """The sources whose rules had a description at the last recorded read; see `plan`."""
        known = frozenset(self.watch.described.splitlines())
        return known if known or self.keeps_labels else None
