"""The figures of a report, against small sums that were done by hand."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.lifecycle import Decision, Request, RequestKind, RequestState, Verdict
from bot.domain.sources import SourceType, TrustedSource
from bot.reporting.accounting import Accounts, Signal, troubles
from bot.reporting.figures import Figures, Spans, time_to_decide

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOME = TrustedSource(SourceType.IP_ADDR, "203.0.113.4")


def closed(
    state: RequestState = RequestState.APPROVED,
    *,
    by: str = "U0ALICE",
    minutes: int = 10,
    kind: RequestKind = RequestKind.ACCESS,
) -> Request:
    at = NOON + minutes * MINUTE
    denied = state is RequestState.DENIED
    said = (Decision(by, Verdict.DENY if denied else Verdict.APPROVE, at),) if by else ()
    return Request(
        id=1,
        cluster="orders",
        source=HOME,
        duration=60 * MINUTE,
        requester="U0RITA",
        state=state,
        created_at=NOON,
        lapses_at=NOON + 240 * MINUTE,
        decided_at=at,
        decisions=said,
        kind=kind,
    )


def spans(*minutes: float) -> Spans:
    return Spans([length * 60.0 for length in minutes])


@pytest.mark.parametrize(
    ("found", "median", "p90"),
    [
        (spans(7), 7, 7),
        (spans(1, 2), 1.5, 2),
        (spans(3, 1, 2), 2, 3),
        (spans(*range(1, 11)), 5.5, 9),
        (spans(*range(1, 12)), 6, 10),
    ],
)
def test_the_middle_and_the_ninth_of_ten(found: Spans, median: float, p90: float) -> None:
    assert found.median == median * MINUTE
    assert found.p90 == p90 * MINUTE


def test_without_any_there_is_no_figure() -> None:
    assert (spans().median, spans().p90, spans().longest) == (None, None, None)
    assert Figures().total.share(RequestState.DENIED) is None


@pytest.mark.parametrize(
    "request_",
    [
        closed(by="policy"),
        closed(RequestState.DENIED, by="dbaccess"),
        closed(by="emergency", kind=RequestKind.EMERGENCY),
        closed(kind=RequestKind.ADOPTION),
        closed(kind=RequestKind.PUT_BACK),
        closed(RequestState.LAPSED, by=""),
    ],
)
def test_only_what_people_decide_takes_them_time(request_: Request) -> None:
    assert time_to_decide(request_) is None
    assert time_to_decide(closed()) == 10 * MINUTE


def test_shares_are_of_what_waited_for_people() -> None:
    figures = Figures()
    for one in (
        closed(),
        closed(RequestState.DENIED),
        closed(RequestState.LAPSED, by=""),
        closed(RequestState.LAPSED, by=""),
        closed(by="policy"),
        closed(by="emergency", kind=RequestKind.EMERGENCY),
    ):
        figures.closed(one)

    assert figures.total.closed == 4
    assert figures.total.share(RequestState.DENIED) == 0.25
    assert figures.total.share(RequestState.LAPSED) == 0.5
    assert figures.by_cluster["orders"].outcomes == figures.total.outcomes


def test_a_source_is_accounted_for_only_while_a_grant_wants_it_on_that_cluster() -> None:
    accounts = Accounts()
    accounts.note("orders", "tag:backend", NOON, NOON + 10 * MINUTE)
    accounts.note("orders", "tag:backend", NOON + 30 * MINUTE, None)

    wanted = [
        minute
        for minute in (-1, 0, 10, 11, 29, 30, 500)
        if accounts.account_for("orders", "tag:backend", NOON + minute * MINUTE)
    ]
    assert wanted == [0, 10, 30, 500]
    assert not accounts.account_for("analytics", "tag:backend", NOON)


def test_an_alarm_and_its_repetitions_are_one_trouble_until_the_all_clear() -> None:
    [first, second] = troubles(
        [
            Signal(NOON + 5 * MINUTE, "orders", NOON, "503"),
            Signal(NOON + 15 * MINUTE, "orders", NOON + 4 * MINUTE),
            Signal(NOON + 20 * MINUTE, "analytics"),
            Signal(NOON + 21 * MINUTE, "orders"),
            Signal(NOON + 60 * MINUTE, "orders", NOON + 50 * MINUTE, "401"),
        ]
    )

    assert (first.since, first.cleared_at, first.alarms) == (NOON, NOON + 21 * MINUTE, 2)
    assert first.error == "503"
    assert (second.since, second.cleared_at) == (NOON + 50 * MINUTE, None)


def test_a_trouble_that_was_forgotten_does_not_swallow_the_next() -> None:
    found = troubles(
        [
            Signal(NOON + 5 * MINUTE, "orders", NOON),
            Signal(NOON + 99 * MINUTE, "orders", NOON + 90 * MINUTE),
            Signal(NOON + 100 * MINUTE, "orders"),
        ]
    )

    assert [one.cleared_at for one in found] == [None, NOON + 100 * MINUTE]
