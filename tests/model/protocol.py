"""What the pure model does between two calls: the reconciler's notes and moves, without tables.

All that a change of `bot.reconcile` touches of the pure model is here and in
`tests.model.recorder`; the whole model needs no copy of it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from bot.domain.lifecycle import Grant, GrantState
from bot.domain.ownership import SETTLE
from bot.domain.plan import Plan
from bot.reconcile.attempt import Attempt, Write
from bot.reconcile.refusals import Search
from bot.store.clusters import Watch
from tests.model.scope import Scope
from tests.model.truth import INSTANCE, Entries, own_label

Rows = Mapping[int, Grant]


def begin(scope: Scope, rows: Rows, now: datetime) -> Rows:
    """Return the rows after an attempt has begun."""
    if not scope.planted.notes_at_begin:
        return rows
    applying = (grant for grant in rows.values() if grant.state is GrantState.APPLYING)
    return {**rows, **{grant.id: grant.send(now) for grant in applying}}


def lately(watch: Watch, now: datetime) -> datetime:
    """Return since when a grant ended that an attempt still loads."""
    return min(now, watch.read_at or now) - SETTLE


def ask_plan(scope: Scope, attempt: Attempt, rows: Rows, search: Search, now: datetime) -> Plan:
    """Return what is to be done about the rules that were read."""
    named = {label.grant_id for rule in attempt.rules if (label := own_label(rule))}
    known = {id_: rows[id_] for id_ in named if id_ in rows and _is_here(rows[id_], attempt)}
    known |= {grant.id: grant for grant in attempt.loaded}
    return scope.planted.plan(
        attempt.rules,
        search.without_refused(known.values(), now),
        instance=INSTANCE,
        now=now,
        restore=scope.restore,
        described=None if scope.planted.guesses_freely else attempt.described,
        relabel=attempt.may_relabel,
    )


def see(attempt: Attempt, read: Entries, *, just_written: bool) -> Attempt:
    """Return the attempt after a read."""
    seeing = replace(attempt, writes=list(attempt.writes))
    seeing.see([entry.rule for entry in read], INSTANCE, just_written=just_written)
    return seeing


def note(attempt: Attempt, last: Plan, rows: Rows, now: datetime) -> tuple[Attempt, Rows, bool]:
    """Return attempt and rows as they are just before a write, and whether it may be sent."""
    unsent = {g.id for g in attempt.loaded if g.id in last.named and not g.sent_at}
    touched = {*last.to_add, *unsent, *last.adopts} & rows.keys()
    noting = replace(attempt)
    if not all(rows[id_].wants_rule(now) for id_ in touched):
        noting.know({id_: attempt.as_seen(rows[id_]) for id_ in touched})
        return noting, rows, False
    noted = {id_: _noted(rows[id_], last, now) for id_ in touched}
    noting.know(noted)
    return noting, {**rows, **noted}, True


def take_back(
    scope: Scope, attempt: Attempt, before: Iterable[Grant], rows: Rows
) -> tuple[Attempt, Rows]:
    """Return attempt and rows after a write was refused; *before*: the grants before its note."""
    taking = replace(attempt, writes=attempt.writes[:-1])
    if scope.planted.keeps_notes:
        return taking, rows
    known = {grant.id: grant for grant in attempt.loaded}
    taking.know({one.id: known[one.id].take_back(one) for one in before})
    back = {
        one.id: rows[one.id].take_back(one)
        for one in before
        if one.id in rows
        and (scope.planted.takes_back_late or rows[one.id].sent_at == known[one.id].sent_at)
    }
    return taking, {**rows, **back}


def sending(attempt: Attempt, last: Plan) -> Attempt:
    """Return the attempt once a write has been handed to the network."""
    return replace(attempt, writes=[*attempt.writes, Write(last, certain=False)])


def answered(attempt: Attempt) -> Attempt:
    """Return the attempt once the answer to its last write is there."""
    writes = [*attempt.writes[:-1], replace(attempt.writes[-1], certain=True)]
    return replace(attempt, writes=writes)


def fail(attempt: Attempt, rows: Rows) -> Rows:
    """Return the rows after an attempt has failed: what it saw counts all the same."""
    here = (rows[grant.id] for grant in attempt.loaded if grant.id in rows)
    return {**rows, **{row.id: attempt.as_seen(row) for row in here}}


def remember(watch: Watch, attempt: Attempt, outcome: Plan, now: datetime) -> Watch:
    """Return what is known of the cluster after a look was recorded."""
    losses = watch.label_losses
    if any(own_label(rule) for rule in attempt.rules):
        losses = 0
    elif attempt.writes and outcome.unlabelled:
        losses += 1
    described = (str(rule.source) for rule in attempt.rules if rule.description and rule.source)
    return replace(
        watch,
        described="\n".join(described),
        label_losses=losses,
        read_at=now,
        written_at=now if attempt.writes else watch.written_at,
    )


def _noted(grant: Grant, last: Plan, now: datetime) -> Grant:
    rule = last.adopts.get(grant.id)
    if rule is not None and grant.state is GrantState.APPLYING:
        grant = grant.find_rule(description=rule.description, rule_uuid=rule.uuid)
    return grant.send(now)


def _is_here(grant: Grant, attempt: Attempt) -> bool:
    return grant.cluster_id == attempt.cluster_id
