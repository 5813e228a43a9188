"""The history looks as agreed, and Slack would take it, whatever people wrote."""

from datetime import timedelta
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from bot.domain.actors import Actor
from bot.domain.lifecycle import (
    Decision,
    EndReason,
    Grant,
    GrantState,
    Request,
    RequestKind,
    RequestState,
    Verdict,
)
from bot.domain.sources import SourceType, TrustedSource
from bot.slack.messages import Happened, Message, history_page
from dbaccess_playground.slack.block_kit.checker import problems
from tests.slack.messages.examples import (
    ALICE,
    BOB,
    DAVE,
    HOME,
    HOUR,
    MINUTE,
    NOW,
    OFFICE,
    REASON,
    WORKER,
)
from tests.slack.messages.reading import message_as_read
from tests.slack.messages.test_hostile_text import live_parts, whatever_users_write

ORDERS_ID = "9cc10173-e9ea-4176-9dbc-a4cee4c4ff30"
APPROVE = Decision(ALICE, Verdict.APPROVE, NOW + 5 * MINUTE)


def request(state: RequestState = RequestState.APPROVED, **changes: Any) -> Request:
    """Return Bob's request for two hours, decided by Alice."""
    facts: dict[str, Any] = {
        "id": 17,
        "cluster": "orders",
        "source": HOME,
        "duration": 2 * HOUR,
        "requester": BOB,
        "state": state,
        "created_at": NOW,
        "lapses_at": NOW + 4 * HOUR,
        "reason": REASON,
        "decided_at": NOW + 5 * MINUTE,
        "decisions": (APPROVE,) if state is RequestState.APPROVED else (),
    }
    return Request(**(facts | changes))


def grant(state: GrantState = GrantState.ENDED, **changes: Any) -> Grant:
    """Return what it became."""
    facts: dict[str, Any] = {
        "id": 17,
        "cluster": "orders",
        "cluster_id": ORDERS_ID,
        "source": HOME,
        "requester": BOB,
        "state": state,
        "approved_at": NOW,
        "expires_at": NOW + 2 * HOUR,
        "ended_at": NOW + 2 * HOUR if state is GrantState.ENDED else None,
    }
    return Grant(**(facts | changes))


DENIAL = Decision(ALICE, Verdict.DENY, NOW, "use the read replica & ask <us> again")
ENTRIES = [
    Happened(request(id=30), grant(GrantState.ACTIVE)),
    Happened(request(id=29), grant(GrantState.APPLYING)),
    Happened(request(id=28), grant(GrantState.REMOVING, end_reason=EndReason.EXPIRED)),
    Happened(request(id=27, reason=""), grant(end_reason=EndReason.EXPIRED)),
    Happened(request(id=31), grant(end_reason=EndReason.EXPIRED, unused=True)),
    Happened(request(id=26), grant(end_reason=EndReason.REVOKED, revoked_by="departed")),
    Happened(
        request(id=32, kind=RequestKind.PUT_BACK, puts_back=25, duration=HOUR / 2),
        grant(GrantState.ACTIVE),
    ),
    Happened(request(id=25), grant(end_reason=EndReason.REMOVED_OUTSIDE)),
    Happened(request(id=24), grant(end_reason=EndReason.FAILED)),
    Happened(request(RequestState.DENIED, id=23, decisions=(DENIAL,))),
    Happened(request(RequestState.CANCELLED, id=22, source=WORKER, source_name="web-1")),
    Happened(request(RequestState.LAPSED, id=21)),
    Happened(
        request(id=20, decisions=(Decision(ALICE, Verdict.APPROVE, NOW, at_most=HOUR),)),
        grant(GrantState.ACTIVE),
    ),
    Happened(request(id=19, extends=17, duration=HOUR, reason="")),
    Happened(
        request(id=18, decisions=(Decision("policy", Verdict.APPROVE, NOW),)),
        grant(end_reason=EndReason.EXPIRED),
    ),
    Happened(
        request(id=16, kind=RequestKind.EMERGENCY, duration=HOUR / 2), grant(GrantState.ACTIVE)
    ),
    Happened(
        request(id=15, kind=RequestKind.EMERGENCY, reviewed_by=DAVE, reviewed_at=NOW + HOUR),
        grant(end_reason=EndReason.EXPIRED),
    ),
    Happened(
        request(
            id=14,
            kind=RequestKind.ADOPTION,
            requester=ALICE,
            source=OFFICE,
            duration=timedelta(weeks=1),
            reason="",
        ),
        grant(GrantState.ACTIVE, adopted=True),
    ),
    Happened(
        request(id=13, requester=Actor.UNKNOWN, decided_at=None, decisions=(), reason=""),
        grant(GrantState.ACTIVE),
    ),
]
LONG = request(reason="&" * 500, source=TrustedSource(SourceType.TAG, "&" * 255))
PAGES = {
    "everybody's": history_page(ENTRIES, cluster=None, of_everybody=["orders", "billing"]),
    "mine": history_page(ENTRIES[:1], cluster=None, of_everybody=[]),
    "of a cluster": history_page(ENTRIES[:1], cluster="orders", of_everybody=["orders"]),
    "nothing there": history_page([], cluster=None, of_everybody=[]),
    "nothing there, of a cluster": history_page([], cluster="orders", of_everybody=["orders"]),
    "very long": history_page([Happened(LONG)] * 20, cluster=None, of_everybody=["orders"]),
}
each_page = pytest.mark.parametrize("page", PAGES.values(), ids=PAGES.keys())


@each_page
def test_the_history_looks_as_agreed(page: Message, snapshot: SnapshotAssertion) -> None:
    assert message_as_read(page) == snapshot


@each_page
def test_slack_takes_the_history(page: Message) -> None:
    assert problems({"text": page.text, "blocks": page.blocks}, "message") == []


@whatever_users_write
def test_what_users_wrote_is_shown_in_the_history_and_never_obeyed(text: str) -> None:
    tag = TrustedSource(SourceType.TAG, text)
    denial = Decision(ALICE, Verdict.DENY, NOW, text)
    page = history_page(
        [
            Happened(request(reason=text, source=tag, source_name=text)),
            Happened(request(RequestState.DENIED, reason=text, decisions=(denial,))),
        ],
        cluster=None,
        of_everybody=[],
    )

    assert live_parts(page) == []
    assert problems({"text": page.text, "blocks": page.blocks}, "message") == []
