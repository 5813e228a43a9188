"""plan(rules, grants, …) -> Plan: what a cluster's rules should become, and why.

The promises P1, P2, P3, P5 and P7 live here, as one pure function of what the API holds and what
the grants want. Whoever writes the plan decides nothing more; after the write, the rules are read
back and planned again, and only what that second plan sees is recorded.

The API has neither versions nor single-rule writes: a write replaces the whole list, and another
writer's stale list can undo ours. Hence `SETTLE`: a rule of ours that vanishes within it was lost
in such a race and is written again; one that vanishes later was taken away by somebody.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.labels import Label, guard_label, label, read_label
from bot.domain.lifecycle import Grant, GrantState
from bot.domain.sources import GUARD, TrustedSource, normal_source

MAX_RULES = 100
SETTLE = timedelta(minutes=1)
_CLOCK_SKEW = timedelta(seconds=2)


@dataclass(frozen=True)
class Rule:
    """A trusted source as the API holds it; `uuid` and `created_at` are the API's to give."""

    type: str
    value: str
    uuid: str | None = None
    description: str | None = None
    created_at: datetime | None = None

    @property
    def source(self) -> TrustedSource | None:
        """The source in its normal form; None for a type that dbaccess does not know."""
        return normal_source(self.type, self.value)


class Blocked(StrEnum):
    """Why a grant's rule cannot be added."""

    OPEN_CLUSTER = "open_cluster"
    FULL_CLUSTER = "full_cluster"
    NOT_THERE = "not_there"  # the rule that was to be adopted


@dataclass(frozen=True)
class Present:
    """A live grant's source is trusted: by a rule of ours, or by one that was there before."""

    owned: bool
    rule_uuid: str | None


@dataclass(frozen=True)
class Orphan:
    """A rule with our label, within its time, that no grant accounts for (P7).

    The label is a hint: whoever can write rules can write that, too.
    """

    source: TrustedSource
    label: Label
    rule: Rule


@dataclass(frozen=True)
class Plan:
    """What to write, and what the rules that were read say about each grant.

    `rules` is the whole list, to be written only if `must_write`. The grants' ids fall into:
    `present` (trusted now), `to_add` (will be, by this write), `blocked` (cannot be), `vanished`
    (somebody took the rule away), and `gone` (its time is up or it was told to end, and no rule of
    ours is left). A grant whose rule vanished is `present` again once another grant has the same
    source trusted. `adopts` are rules that get our label by this write, as they were found, by the
    grant that adopts them; `releases` those that lose it and stay. `foreign` are the sources of all
    rules that are not ours.

    `orphans` may become grants again, `unfit` are those that the policy could not have allowed:
    they are kept as foreign rules are, until their labels' time is up.
    """

    rules: tuple[Rule, ...]
    adds: tuple[Rule, ...]
    removes: tuple[Rule, ...]
    keeps: tuple[Rule, ...]
    guard_added: bool
    must_write: bool
    present: Mapping[int, Present]
    to_add: frozenset[int]
    blocked: Mapping[int, Blocked]
    vanished: frozenset[int]
    gone: frozenset[int]
    orphans: tuple[Orphan, ...]
    unfit: tuple[Orphan, ...]
    adopts: Mapping[int, Rule]
    releases: tuple[Rule, ...]
    foreign: frozenset[TrustedSource]


def plan(
    rules: Sequence[Rule],
    grants: Iterable[Grant],
    *,
    instance: str,
    now: datetime,
    allow_open: bool = False,
    restore: bool = False,
    takes: Callable[[TrustedSource], bool] = lambda _source: True,
    max_rules: int = MAX_RULES,
    reserved: int = 0,
) -> Plan:
    """Return the difference between a cluster's *rules* and what its *grants* want.

    Args:
        rules: every rule of the cluster, as read just now.
        grants: the cluster's grants that have not ended, those that ended within `SETTLE`, and
            those that a label among the rules names.
        instance: the name of this installation; rules labelled by another one are foreign.
        now: the present, aware UTC.
        allow_open: whether a first rule may be added to a cluster that has none.
        restore: whether a rule that somebody took away is put back, instead of ending its grant.
        takes: whether the policy allows access from a source; a rule that only its label speaks
            for becomes a grant where it does. One that is labelled as adopted was there anyway.
        max_rules: how many rules there may be; where there are more already, the API alone knows.
        reserved: how many of the last places only emergencies take.
    """
    grants = sorted(grants, key=lambda grant: grant.id)
    adoptions = [grant for grant in grants if grant.adopted]
    added = {grant.rule_uuid for grant in grants if grant.rule_uuid and not grant.adopted}
    found = [_as_released(rule, adoptions, added, instance) for rule in rules]
    in_vain = [g for g in grants if _adopts_in_vain(g, found, instance, now)]
    grants = [grant for grant in grants if grant not in in_vain]
    wanted = _wanted(grants, now)
    sorted_rules = _sort(found, grants, wanted, instance=instance, now=now, takes=takes)
    releases = [one.rule for one in found if one.lost_label and one.rule in sorted_rules.foreign]
    kept: list[Rule] = [
        *sorted_rules.foreign,
        *sorted_rules.held.values(),
        *(orphan.rule for orphan in sorted_rules.orphans),
    ]
    guards = [] if sorted_rules.foreign else sorted_rules.guards

    present = _present(sorted_rules, wanted)
    absent = [g for wanters in wanted.values() for g in wanters if g.id not in present]
    addable = [g for g in absent if g.may_be_added and (restore or _may_add(g, now))]
    if rules or allow_open:
        room = max_rules - len(kept) - len(guards)
        if len(rules) > max_rules:  # more than we know of: the API alone says no
            room, reserved = len(addable), 0
        fitting = _fitting(addable, room=room, reserved=reserved)
        why_not = Blocked.FULL_CLUSTER
    else:  # P2: a first rule would lock everybody else out of a cluster that is open to all
        fitting = []
        why_not = Blocked.OPEN_CLUSTER
    unplaced = [g for g in absent if g not in fitting]

    adds = [
        Rule(
            source.type,
            source.value,
            description=_label(instance, [g for g in wanters if not _is_adopting(g)]),
        )
        for source, wanters in wanted.items()
        if any(g in fitting for g in wanters)  # an adoption finds no rule there, and fails
    ]
    labelled = [
        replace(rule, description=_label(instance, wanted[source], on=rule))
        for source, rule in sorted_rules.held.items()
    ]
    result: list[Rule] = [
        *sorted_rules.foreign,
        *labelled,
        *(orphan.rule for orphan in sorted_rules.orphans),
        *guards,
        *adds,
    ]
    guard_added = bool(rules) and not result
    if guard_added:  # P2: never write an empty list
        result = [Rule(GUARD.type, GUARD.value, description=guard_label(instance))]

    leaving = [g for g in grants if g.is_leaving(now)]
    still_there = {rule.source for rule in (*sorted_rules.leaving, *releases)}
    return Plan(
        rules=tuple(result),
        adds=tuple(adds),
        removes=tuple(sorted_rules.leaving),
        keeps=tuple(kept),
        guard_added=guard_added,
        must_write=bool(
            adds
            or releases
            or sorted_rules.leaving
            or _outdated(sorted_rules.held, labelled)
            or _newly_adopted(sorted_rules.held, wanted, labelled)
        ),
        present=present,
        to_add=frozenset(g.id for g in fitting),
        blocked={
            g.id: Blocked.NOT_THERE if g.adopted else why_not
            for g in (*unplaced, *in_vain)
            if g.state is GrantState.APPLYING
        },
        vanished=frozenset(g.id for g in unplaced if g.state is GrantState.ACTIVE),
        gone=frozenset(g.id for g in leaving if g.source not in still_there),
        orphans=tuple(sorted_rules.orphans),
        unfit=tuple(sorted_rules.unfit),
        adopts={
            g.id: rule
            for source, rule in sorted_rules.held.items()
            for g in wanted[source]
            if _is_adopting(g) and g.earlier_description is None
        },
        releases=tuple(releases),
        foreign=frozenset(rule.source for rule in sorted_rules.foreign if rule.source),
    )


def is_guard(rule: Rule, instance: str) -> bool:
    """Tell whether *rule* is the guard rule of this installation (P2)."""
    return rule.source == GUARD and rule.description == guard_label(instance)


@dataclass(frozen=True)
class _Found:
    """A rule that was read; one that an adoption has let go is as it was before it."""

    rule: Rule
    is_released: bool = False
    lost_label: bool = False


def _as_released(
    rule: Rule, adoptions: Sequence[Grant], added: Collection[str], instance: str
) -> _Found:
    """Return the rule as it is to be sorted; *added* are the uuids of those that we added.

    A rule was adopted as long as the last adoption of it stands. Once that is over, otherwise than
    by its time, the rule is foreign again for everybody, under whichever grant's label it is: also
    where a rival's old list brings our label back.
    """
    if not rule.description and rule.uuid in added:
        return _Found(rule)
    about_it = [grant for grant in adoptions if _is_of(grant, rule, instance)]
    last = max(about_it, key=lambda grant: grant.id, default=None)
    if last is None or not last.leaves_rule:
        return _Found(rule)
    if _own_label(rule, instance) is None:
        return _Found(rule, is_released=True)
    earlier = replace(rule, description=last.earlier_description or None)
    return _Found(earlier, is_released=True, lost_label=True)


def _is_of(grant: Grant, rule: Rule, instance: str) -> bool:
    """Tell whether *rule* is, or was, the one that an adoption is about.

    The API may have given a rule that was let go a new uuid. Without a description it is known by
    its source alone: it must not be taken for one that dbaccess added.
    """
    if rule.source != grant.source:
        return False
    its_label = _own_label(rule, instance)
    is_named = its_label is not None and its_label.grant_id == grant.id
    is_same = rule.uuid is not None and rule.uuid == grant.rule_uuid
    return is_named or is_same or (grant.leaves_rule and not rule.description)


def _is_adopting(grant: Grant) -> bool:
    return grant.adopted and grant.state is GrantState.APPLYING


def _adopts_in_vain(grant: Grant, found: Sequence[_Found], instance: str, now: datetime) -> bool:
    """Tell whether a rule that is to be adopted is one of ours by now; it goes by itself (P3)."""
    if not (_is_adopting(grant) and grant.wants_rule(now)):
        return False
    labels = [_own_label(one.rule, instance) for one in found if one.rule.source == grant.source]
    is_first_sight = grant.earlier_description is None
    ours = [one for one in labels if one and (is_first_sight or not one.adopted)]
    return bool(labels) and len(ours) == len(labels)


@dataclass(frozen=True)
class _Sorted:
    """Each rule of a cluster in exactly one place."""

    foreign: list[Rule]  # not ours: stays as it is (P1)
    held: dict[TrustedSource, Rule]  # ours, and a live grant wants it
    orphans: list[Orphan]  # ours by its label, no grant known, time not up (P7)
    unfit: list[Orphan]  # of the foreign: such orphans as the policy could not have allowed (P7)
    leaving: list[Rule]  # ours, and nobody wants it any more (P3)
    guards: list[Rule]  # ours, keeps the cluster from being open to all (P2)


def _sort(
    found: Sequence[_Found],
    grants: Sequence[Grant],
    wanted: Mapping[TrustedSource, Sequence[Grant]],
    *,
    instance: str,
    now: datetime,
    takes: Callable[[TrustedSource], bool],
) -> _Sorted:
    result = _Sorted([], {}, [], [], [], [])
    for rule, is_released in ((one.rule, one.is_released) for one in found):
        source = rule.source
        claimants = [g for g in grants if _is_adopting(g)] if is_released else grants
        claimed = any(_claims(grant, rule, instance, now) for grant in claimants)
        its_label = _own_label(rule, instance)
        if is_guard(rule, instance):
            result.guards.append(rule)
        elif source is None or not (claimed or its_label):
            result.foreign.append(rule)
        elif source in wanted and source not in result.held:
            result.held[source] = rule
        elif its_label and not claimed and now < its_label.until:
            orphan = Orphan(source, its_label, rule)
            if its_label.adopted or takes(source):
                result.orphans.append(orphan)
            else:
                result.foreign.append(rule)
                result.unfit.append(orphan)
        else:
            result.leaving.append(rule)
    return result


def _present(
    sorted_rules: _Sorted, wanted: Mapping[TrustedSource, Sequence[Grant]]
) -> dict[int, Present]:
    present = {}
    for source, wanters in wanted.items():
        own = sorted_rules.held.get(source)
        rule = own or next((r for r in sorted_rules.foreign if r.source == source), None)
        if rule is None:
            continue
        for grant in wanters:
            if own is None and _is_adopting(grant):
                continue  # another installation's rule is not ours to adopt
            present[grant.id] = Present(owned=own is not None, rule_uuid=rule.uuid)
    return present


def _claims(grant: Grant, rule: Rule, instance: str, now: datetime) -> bool:
    """Tell whether *rule* is the one that dbaccess wrote for *grant*.

    Other tools drop the description when they write the list back, and the API may then give the
    rule a new uuid. So a rule without any description that appeared after we began to place this
    very source is taken for ours: the error on that side ends in time, the other never would.
    """
    if rule.source != grant.source:
        return False
    its_label = read_label(rule.description)
    if its_label is not None:
        return its_label.instance == instance
    if _is_adopting(grant):
        return grant.wants_rule(now)  # approvers said so, and this is the first sight of it
    if grant.owned is False:
        return False  # P5: it was there before
    if rule.uuid is not None and rule.uuid == grant.rule_uuid:
        return True
    placed_since = grant.placing_since or (grant.approved_at if grant.owned else None)
    return (
        not rule.description
        and placed_since is not None
        and rule.created_at is not None
        and rule.created_at >= placed_since - _CLOCK_SKEW
    )


def _wanted(grants: Sequence[Grant], now: datetime) -> dict[TrustedSource, list[Grant]]:
    wanted: dict[TrustedSource, list[Grant]] = {}
    for grant in grants:
        if grant.wants_rule(now):
            wanted.setdefault(grant.source, []).append(grant)
    return wanted


def _may_add(grant: Grant, now: datetime) -> bool:
    """A rule may be added for a new grant, and again where a lost race is likely."""
    if grant.state is GrantState.APPLYING:
        return True
    return grant.written_at is not None and abs(now - grant.written_at) < SETTLE


def _fitting(grants: Sequence[Grant], *, room: int, reserved: int) -> list[Grant]:
    """Return those whose sources fit into the cluster: emergencies, then the longest-standing.

    Of the *room* there is, new grants leave the *reserved* places to emergencies.
    """
    sources: set[TrustedSource] = set()
    for grant in sorted(grants, key=_precedence):
        is_new = grant.state is not GrantState.ACTIVE and not grant.emergency
        if len(sources) < (room - reserved if is_new else room):
            sources.add(grant.source)
    return [grant for grant in grants if grant.source in sources]


def _precedence(grant: Grant) -> tuple[bool, bool, int]:
    return (not grant.emergency, grant.state is not GrantState.ACTIVE, grant.id)


def _label(instance: str, wanters: Sequence[Grant], *, on: Rule | None = None) -> str:
    """Return what the rule of *wanters* is to say, *on* which it may say something already."""
    last = max(wanters, key=lambda grant: (grant.expires_at, grant.id))
    adopted = on is not None and _is_adopted(on, wanters, instance)
    return str(label(instance, last.id, last.expires_at, adopted=adopted))


def _is_adopted(rule: Rule, wanters: Sequence[Grant], instance: str) -> bool:
    its_label = _own_label(rule, instance)
    if its_label is not None:
        return its_label.adopted
    return any(g.adopted and (_is_adopting(g) or g.rule_uuid == rule.uuid) for g in wanters)


def _own_label(rule: Rule, instance: str) -> Label | None:
    its_label = read_label(rule.description)
    return its_label if its_label and its_label.instance == instance else None


def _newly_adopted(
    held: Mapping[TrustedSource, Rule],
    wanted: Mapping[TrustedSource, Sequence[Grant]],
    labelled: Sequence[Rule],
) -> bool:
    """Tell whether a rule that is being adopted does not bear its label yet (P7)."""
    return any(
        before.description != after.description and any(_is_adopting(g) for g in wanted[source])
        for (source, before), after in zip(held.items(), labelled, strict=True)
    )


def _outdated(held: Mapping[TrustedSource, Rule], labelled: Sequence[Rule]) -> bool:
    """Tell whether a label tells an old time. A lost one waits for the next write."""
    return any(
        before.description != after.description and read_label(before.description) is not None
        for before, after in zip(held.values(), labelled, strict=True)
    )
