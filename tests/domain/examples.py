"""Values that the tests of the domain speak about."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.domain.labels import guard_label, label
from bot.domain.lifecycle import Grant, GrantState, Request, RequestState
from bot.domain.plan import Plan, plan
from bot.domain.policy import ClusterPolicy
from bot.domain.refusal import Refused
from bot.domain.rules import Rule
from bot.domain.sources import GUARD, SourceType, TrustedSource
from bot.slack.messages.refusals import sentence

NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
INSTANCE = "prod"
CLUSTER_ID = "9cc10173-e9ea-4176-9dbc-a4cee4c4ff30"

HOME = TrustedSource(SourceType.IP_ADDR, "203.0.113.4")
CAFE = TrustedSource(SourceType.IP_ADDR, "198.51.100.7")
OFFICE_RULE = Rule("ip_addr", "198.51.100.0/24", "u-office", "office", NOW - 1000 * HOUR)
GUARD_RULE = Rule(GUARD.type, GUARD.value, "u-guard", guard_label(INSTANCE), NOW - HOUR)

ORDERS = ClusterPolicy.model_validate(
    {"id": CLUSTER_ID, "channel": "C0APPROVALS", "approvers": ["U0ALICE", "S0DBADMINS"]}
)


def orders(**changes: Any) -> ClusterPolicy:
    """Return the policy of the cluster `orders`, with *changes* as `dbaccess.toml` has them."""
    return ClusterPolicy.model_validate(ORDERS.model_dump() | changes)


def request(**changes: Any) -> Request:
    """Return a request that was just made."""
    made = Request(
        id=7,
        cluster="orders",
        source=HOME,
        duration=HOUR,
        requester="U0BOB",
        state=RequestState.PENDING,
        created_at=NOW,
        lapses_at=NOW + 4 * HOUR,
    )
    return replace(made, **changes)


def new_grant(id_: int = 7, source: TrustedSource = HOME, **changes: Any) -> Grant:
    """Return a grant that was just approved, for an hour."""
    approved = Grant(
        id=id_,
        cluster="orders",
        cluster_id=CLUSTER_ID,
        source=source,
        requester="U0BOB",
        state=GrantState.APPLYING,
        approved_at=NOW,
        expires_at=NOW + HOUR,
    )
    return replace(approved, **changes)


def active_grant(id_: int = 7, source: TrustedSource = HOME, **changes: Any) -> Grant:
    """Return a grant whose rule was written ten minutes ago, with fifty to go."""
    began = NOW - 10 * MINUTE
    active = new_grant(
        id_,
        source,
        state=GrantState.ACTIVE,
        approved_at=began,
        expires_at=began + HOUR,
        owned=True,
        rule_uuid=f"u-{id_}",
        sent_at=began,
        written_at=began,
    )
    return replace(active, **changes)


def rule_of(grant: Grant, **changes: Any) -> Rule:
    """Return the rule that dbaccess wrote for *grant*."""
    written = Rule(
        grant.source.type,
        grant.source.value,
        uuid=f"u-{grant.id}",
        description=str(label(INSTANCE, grant.id, grant.expires_at)),
        created_at=grant.sent_at or grant.approved_at,
    )
    return replace(written, **changes)


def planned(
    rules: Sequence[Rule],
    grants: Iterable[Grant],
    *,
    now: datetime = NOW,
    allow_open: bool = False,
    restore: bool = False,
    takes: Callable[[TrustedSource], bool] = lambda _source: True,
    described: Collection[str] | None = (),
    relabel: bool = True,
    **limits: int,
) -> Plan:
    """Plan for the installation `prod`; *limits* are `max_rules` and `reserved`."""
    return plan(
        rules,
        grants,
        instance=INSTANCE,
        now=now,
        allow_open=allow_open,
        restore=restore,
        takes=takes,
        described=described,
        relabel=relabel,
        **limits,
    )


def sources_of(rules: Iterable[Rule]) -> list[TrustedSource | None]:
    """Return what *rules* trust, in order."""
    return [rule.source for rule in rules]


@contextmanager
def refused(words: str, kind: type[Refused] = Refused) -> Iterator[pytest.ExceptionInfo[Refused]]:
    """What is done inside is refused, in a sentence that has these *words* in it."""
    with pytest.raises(kind) as caught:
        yield caught
    said = sentence(caught.value.refusal)
    assert re.search(words, said), said
