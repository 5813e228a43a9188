"""plan(rules, grants, …) -> Plan: what a cluster's rules should become, and why.

The promises P1, P2, P3, P5 and P7 are decided here, by one pure function of what the API holds and
what the grants want. Whoever carries the plan out decides nothing; after the write, the rules are
read back and planned again, and only what that second plan sees is recorded.

The API has neither versions nor single-rule writes: a write replaces the whole list, and another
writer's stale list can undo ours. Hence `SETTLE`: a rule of ours that vanishes within it was lost
in such a race and is written again; one that vanishes later was removed by somebody.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from bot.domain.labels import Label, guard_label, label, read_label
from bot.domain.lifecycle import Grant, GrantState
from bot.domain.ownership import SETTLE, accounts_for, dropped_descriptions, is_likely, is_proven
from bot.domain.rules import Rule
from bot.domain.sources import GUARD, TrustedSource

MAX_RULES = 100


class Blocked(StrEnum):
    """Why a grant's rule cannot be added."""

    OPEN_CLUSTER = "open_cluster"
    FULL_CLUSTER = "full_cluster"
    NOT_THERE = "not_there"  # the rule that was to be adopted


@dataclass(frozen=True)
class Present:
    """A live grant whose source is trusted: by a rule of ours, or by one that was there before."""

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

    `rules` is the whole list, to be written only if `must_write`. Each grant's id is in one of:
    `present` (trusted now), `to_add` (will be, by this write), `blocked` (cannot be), `vanished`
    (somebody removed the rule), `gone` (its time is up or it was ended, and no rule of ours is
    left). A grant whose rule vanished is `present` again once another grant makes the same source
    trusted. `adopts` are the rules, as they were found, that this write labels, by the grant that
    adopts them; `releases` are those that lose our label and stay. `foreign` are the sources of all
    rules that are not ours.

    `orphans` may become grants again. `unfit` are those that the policy could not have allowed:
    they are kept like foreign rules until their label's time is up. `guessed` are those of
    `removes` that are ours only by a guess, `unlabelled` our rules whose label is not as it should
    be, and `named` the grants that the written labels name.
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
    guessed: tuple[Rule, ...]
    unlabelled: tuple[Rule, ...]
    named: frozenset[int]
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
    described: Collection[str] | None = (),
    relabel: bool = True,
) -> Plan:
    """Return the difference between a cluster's *rules* and what its *grants* want.

    Args:
        rules: every rule of the cluster, as read just now.
        grants: the cluster's grants that have not ended, those that ended at most `SETTLE` before
            the last read, and those that a label on a rule names.
        instance: the name of this installation; rules labelled by another one are foreign.
        now: the present, aware UTC.
        allow_open: whether a first rule may be added to a cluster that has none.
        restore: whether a rule that somebody removed is put back, instead of ending its grant.
        takes: whether the policy allows access from a source: only then does a rule that only its
            label speaks for become a grant. One labelled as adopted was there anyway.
        max_rules: how many rules there may be; if there are more already, only the API knows.
        reserved: how many of the last places are reserved for emergencies.
        described: the sources whose rules had a description at the last recorded read; None if the
            API is known to keep no descriptions.
        relabel: whether to write just to restore labels.
    """
    grants = sorted(grants, key=lambda grant: grant.id)
    adoptions = [grant for grant in grants if grant.adopted]
    added = {grant.rule_uuid for grant in grants if grant.rule_uuid and not grant.adopted}
    found = [_as_released(rule, adoptions, added, instance) for rule in rules]
    in_vain = [g for g in grants if _adopts_in_vain(g, found, instance, now)]
    grants = [grant for grant in grants if grant not in in_vain]
    wanted = _wanted(grants, now)
    sorted_rules = _sort(
        found, grants, wanted, instance=instance, now=now, takes=takes, described=described
    )
    releases = [one.rule for one in found if one.lost_label and one.rule in sorted_rules.foreign]
    orphaned = [orphan.rule for orphan in sorted_rules.orphans]
    kept: list[Rule] = [
        *sorted_rules.foreign,
        *sorted_rules.held.values(),
        *(rule for rule in orphaned if rule not in sorted_rules.held.values()),
    ]
    guards = [] if sorted_rules.foreign else sorted_rules.guards

    present = _present(sorted_rules, wanted)
    absent = [g for wanters in wanted.values() for g in wanters if g.id not in present]
    addable = [g for g in absent if g.may_be_added and (restore or _may_add(g, now))]
    if rules or allow_open:
        room = max_rules - len(kept) - len(guards)
        if len(rules) > max_rules:  # a higher limit than we know: only the API says no
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
    labelled = {
        rule: rule  # T3
        if rule in orphaned
        else replace(rule, description=_label(instance, wanted[source], on=rule))
        for source, rule in sorted_rules.held.items()
    }
    unlabelled = [rule for rule, after in labelled.items() if rule != after]
    written = [rule.label_of(instance) for rule in (*adds, *map(labelled.__getitem__, unlabelled))]
    result: list[Rule] = [*(labelled.get(rule, rule) for rule in kept), *guards, *adds]
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
        must_write=bool(adds or releases or sorted_rules.leaving or (relabel and unlabelled)),
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
        guessed=tuple(sorted_rules.guessed),
        unlabelled=tuple(unlabelled),
        named=frozenset(its_label.grant_id for its_label in written if its_label),
        foreign=frozenset(rule.source for rule in sorted_rules.foreign if rule.source),
    )


@dataclass(frozen=True)
class _Found:
    """A rule that was read; one that an adoption released counts as it was before."""

    rule: Rule
    is_released: bool = False
    lost_label: bool = False


def _as_released(
    rule: Rule, adoptions: Sequence[Grant], added: Collection[str], instance: str
) -> _Found:
    """Return the rule as it is to be sorted; *added* are the uuids of those that we added.

    A rule is adopted as long as the last adoption of it is live. Once that ended, unless its time
    was up, the rule is foreign again, whichever grant its label names: even if another tool's old
    list brings our label back.
    """
    if not rule.description and rule.uuid in added:
        return _Found(rule)
    about_it = [grant for grant in adoptions if _is_of(grant, rule, instance)]
    last = max(about_it, key=lambda grant: grant.id, default=None)
    if last is None or not last.leaves_rule:
        return _Found(rule)
    if rule.label_of(instance) is None:
        return _Found(rule, is_released=True)
    earlier = replace(rule, description=last.earlier_description or None)
    return _Found(earlier, is_released=True, lost_label=True)


def _is_of(grant: Grant, rule: Rule, instance: str) -> bool:
    """Tell whether *rule* is, or was, the one that an adoption is about.

    The API may have given a released rule a new uuid. Without a description it is known by its
    source alone: it must not be taken for one that dbaccess added.
    """
    if rule.source != grant.source:
        return False
    its_label = rule.label_of(instance)
    is_named = its_label is not None and its_label.grant_id == grant.id
    is_same = rule.uuid is not None and rule.uuid == grant.rule_uuid
    return is_named or is_same or (grant.leaves_rule and not rule.description)


def _is_adopting(grant: Grant) -> bool:
    return grant.adopted and grant.state is GrantState.APPLYING


def _adopts_in_vain(grant: Grant, found: Sequence[_Found], instance: str, now: datetime) -> bool:
    """Tell whether a rule to be adopted is one of ours by now, which ends by itself (P3)."""
    if not (_is_adopting(grant) and grant.wants_rule(now)):
        return False
    labels = [one.rule.label_of(instance) for one in found if one.rule.source == grant.source]
    is_first_sight = grant.earlier_description is None
    ours = [one for one in labels if one and (is_first_sight or not one.adopted)]
    return bool(labels) and len(ours) == len(labels)


@dataclass(frozen=True)
class _Sorted:
    """Each rule in one list; but an orphan may be held, too, and the last two are subsets."""

    foreign: list[Rule]  # not ours: stays as it is (P1)
    held: dict[TrustedSource, Rule]  # ours, and a live grant wants it
    leaving: list[Rule]  # ours, and nobody wants it any more (P3)
    guards: list[Rule]  # ours, keeps the cluster from being open to all (P2)
    orphans: list[Orphan]  # ours by its label, of no known grant, in time (P7)
    unfit: list[Orphan]  # of the foreign: orphans that the policy could not have allowed (P7)
    guessed: list[Rule]  # of those that go: ours only by a guess


def _sort(
    found: Sequence[_Found],
    grants: Sequence[Grant],
    wanted: Mapping[TrustedSource, Sequence[Grant]],
    *,
    instance: str,
    now: datetime,
    takes: Callable[[TrustedSource], bool],
    described: Collection[str] | None,
) -> _Sorted:
    result = _Sorted([], {}, [], [], [], [], [])
    rules = [one.rule for one in found]
    orphaned = [_is_orphan(rule, grants, instance, now) for rule in rules]
    # Of two rules for one source, the one that a grant accounts for comes first.
    for is_orphan, one in sorted(zip(orphaned, found, strict=True), key=lambda pair: pair[0]):
        rule, is_released = one.rule, one.is_released
        source, its_label = rule.source, rule.label_of(instance)
        about_it = [
            g for g in grants if g.source == source and (_is_adopting(g) or not is_released)
        ]
        proven = its_label or any(_proves(grant, rule, instance, now) for grant in about_it)
        if rule.is_guard(instance):
            result.guards.append(rule)
            continue
        if source is None or not (proven or _is_guessed(rule, about_it, rules, described)):
            result.foreign.append(rule)
            continue
        orphan = Orphan(source, its_label, rule) if its_label and is_orphan else None
        is_fit = orphan is not None and (orphan.label.adopted or takes(source))
        if orphan and is_fit:
            result.orphans.append(orphan)
        if source in wanted and source not in result.held:
            result.held[source] = rule
        elif orphan and not is_fit:
            result.foreign.append(rule)
            result.unfit.append(orphan)
        elif not orphan:
            result.leaving.append(rule)
            if not proven:
                result.guessed.append(rule)
    return result


def _is_orphan(rule: Rule, grants: Sequence[Grant], instance: str, now: datetime) -> bool:
    """Tell whether the label of ours on a rule is still in time, and of no known grant (P7)."""
    its_label = rule.label_of(instance)
    if rule.source is None or its_label is None or now >= its_label.until:
        return False
    return not any(accounts_for(grant, rule, its_label) for grant in grants)


def _proves(grant: Grant, rule: Rule, instance: str, now: datetime) -> bool:
    """Tell whether a grant for the source of *rule* makes it ours: added by us, or adopted."""
    if _is_adopting(grant):
        return read_label(rule.description) is None and grant.wants_rule(now)
    return is_proven(grant, rule, instance)


def _is_guessed(
    rule: Rule,
    about_it: Sequence[Grant],
    rules: Sequence[Rule],
    described: Collection[str] | None,
) -> bool:
    if rule.description or rule.source is None or not about_it:
        return False
    dropped = dropped_descriptions(rules, described, besides=rule.source)
    return any(
        is_likely(grant, rule, dropped=dropped) for grant in about_it if not _is_adopting(grant)
    )


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


def _wanted(grants: Sequence[Grant], now: datetime) -> dict[TrustedSource, list[Grant]]:
    wanted: dict[TrustedSource, list[Grant]] = {}
    for grant in grants:
        if grant.wants_rule(now):
            wanted.setdefault(grant.source, []).append(grant)
    return wanted


def _may_add(grant: Grant, now: datetime) -> bool:
    """Tell whether a rule may be added: for a new grant, or again if a lost race is likely."""
    if grant.state is GrantState.APPLYING:
        return True
    return grant.written_at is not None and abs(now - grant.written_at) < SETTLE


def _fitting(grants: Sequence[Grant], *, room: int, reserved: int) -> list[Grant]:
    """Return the grants that there is room for: emergencies first, then the oldest.

    New grants leave the *reserved* places of the *room* to emergencies.
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
    """Return the label for the rule of *wanters*; *on*: the rule as it is now, if it is there."""
    last = max(wanters, key=lambda grant: (grant.expires_at, grant.id))
    adopted = on is not None and _is_adopted(on, wanters, instance)
    return str(label(instance, last.id, last.expires_at, adopted=adopted))


def _is_adopted(rule: Rule, wanters: Sequence[Grant], instance: str) -> bool:
    its_label = rule.label_of(instance)
    if its_label is not None:
        return its_label.adopted
    return any(g.adopted and (_is_adopting(g) or g.rule_uuid == rule.uuid) for g in wanters)
