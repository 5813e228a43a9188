"""Whose a rule is: what proves that dbaccess added it, and what only suggests it.

A grant may have a rule of ours only if a write that adds it was sent and not definitely refused
(`Grant.sent_at`). Given that, three things prove that a rule is ours: its label; its uuid, where
that was recorded as ours; and a uuid that was not there before our write and was there after it
(`own_what_appeared`). Other tools drop descriptions when they write the list back,
and the API may then give a rule a new uuid. What is left then is a guess.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import timedelta

from bot.domain.labels import Label, is_rest_of_label, read_label
from bot.domain.lifecycle import Grant
from bot.domain.rules import Rule
from bot.domain.sources import TrustedSource

SETTLE = timedelta(minutes=1)
_CLOCK_SKEW = timedelta(seconds=2)


def accounts_for(grant: Grant, rule: Rule, its_label: Label) -> bool:
    """Tell whether the label of ours on *rule* is there because of *grant*.

    Numbers start again when the database is lost. A label that ends later than the grant, while
    that has no rule of ours yet, is from before the loss. The label that a grant was recovered from
    may have another number.
    """
    if rule.source != grant.source:
        return False
    if grant.is_recovered and grant.owned and grant.rule_uuid == rule.uuid:
        return True
    if its_label.grant_id != grant.id:
        return False
    if grant.owned or grant.sent_at:
        return True
    return grant.is_live and its_label.until <= grant.expires_at


def is_proven(grant: Grant, rule: Rule, instance: str) -> bool:
    """Tell whether *rule*, without a readable label of ours, is certainly that of *grant*."""
    if read_label(rule.description) is not None:
        return False  # another installation's
    if grant.owned and rule.uuid is not None and rule.uuid == grant.rule_uuid:
        return True
    return _may_be(grant) and is_rest_of_label(rule.description, instance)


def is_likely(grant: Grant, rule: Rule, *, dropped: bool | None) -> bool:
    """Tell whether *rule*, without a description, is guessed to be the one added for *grant*.

    The guess is made until a minute after our last write or, if our rule was seen after it, until
    a minute after the grant's end. *dropped*: see `dropped_descriptions`.
    """
    if rule.description or not _may_be(grant) or grant.sent_at is None or rule.created_at is None:
        return False
    if rule.created_at < grant.sent_at - _CLOCK_SKEW:
        return False
    if grant.owned:
        in_time = grant.ended_at is None or rule.created_at <= grant.ended_at + SETTLE
        return in_time and dropped is not False
    return rule.created_at <= grant.sent_at + SETTLE and dropped is True


def dropped_descriptions(
    rules: Sequence[Rule],
    described: Collection[str] | None,
    *,
    besides: TrustedSource,
) -> bool | None:
    """Tell whether a writer that drops descriptions has written the list.

    Args:
        rules: what was read just now.
        described: the sources whose rules had a description at the last recorded read; None if the
            API is known to keep no descriptions.
        besides: the source in question, which does not count.

    Returns:
        None if there was no other description that could be dropped. Labels of any installation do
        not count: they may have been put back since.
    """
    if described is None:
        return True
    others = [
        rule
        for rule in rules
        if str(rule.source) in described
        and rule.source != besides
        and read_label(rule.description) is None
    ]
    return not any(rule.description for rule in others) if others else None


def own_what_is_labelled(
    grants: Sequence[Grant], rules: Sequence[Rule], instance: str
) -> list[Grant]:
    """Return *grants*, each with the rule whose label names it, in case the label gets lost."""
    labelled = [(rule, its_label) for rule in rules if (its_label := rule.label_of(instance))]
    return [
        next(
            (
                replace(grant, owned=True, rule_uuid=rule.uuid)
                for rule, its_label in labelled
                if accounts_for(grant, rule, its_label)
            ),
            grant,
        )
        for grant in grants
    ]


def own_what_appeared(
    grants: Sequence[Grant],
    written: Collection[int],
    before: Sequence[Rule],
    after: Sequence[Rule],
    *,
    instance: str,
    certain: bool,
    described: Collection[str] | None,
) -> list[Grant]:
    """Return *grants*, each with the rule that our write created, whatever became of its label.

    A rule is a grant's if its uuid was not there in the read *before* the write and is there in the
    one *after* it, unless somebody else described it in between. If it has no description, and it
    is not *certain* that the write was carried out, it may be somebody else's, too.

    Args:
        written: the grants whose rules the write added or had in it.
        instance: whose labels may be on the rules.
        described: as for `dropped_descriptions`.
    """
    known = {rule.uuid for rule in before}
    appeared: dict[TrustedSource | None, str | None] = {}
    for rule in after:
        source = rule.source
        if source is None or rule.uuid in known:
            continue
        says_nothing = not rule.description and (
            certain or dropped_descriptions(after, described, besides=source) is True
        )
        if says_nothing or is_rest_of_label(rule.description, instance):
            appeared[source] = rule.uuid
    return [
        replace(grant, owned=True, rule_uuid=appeared[grant.source])
        if grant.id in written and grant.source in appeared
        else grant
        for grant in grants
    ]


def _may_be(grant: Grant) -> bool:
    return grant.sent_at is not None and grant.owned is not False
