"""The auditor's report on a long story, against what was counted by hand."""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.cli.reporting import Wanted, make_report
from bot.domain.lifecycle import RequestState
from bot.domain.refusal import Refused
from bot.reporting.facts import Report
from bot.store import report_queries
from bot.store.report_queries import Period
from dbaccess_playground.faults import Fault
from tests.scenarios.audited_story import STORY_POLICY, numbers, tell
from tests.scenarios.world import ALICE, BOB, OSCAR, RITA, World
from tests.storage import storage_of


class Audited:
    """A world with a story behind it, and the reports that are made of it."""

    def __init__(self, world: World, began: datetime, out: Path) -> None:
        self.world, self.began, self.out = world, began, out
        self.numbers = numbers(world)

    def report(
        self,
        since: datetime | None = None,
        until: datetime | None = None,
        *,
        cluster: str | None = None,
        live: bool = False,
    ) -> Report:
        wanted = Wanted(
            since=(since or self.began).isoformat(),
            until=until.isoformat() if until else None,
            cluster=cluster,
            out=self.out,
            live=live,
        )
        return make_report(self.world.settings, self.world.policy, wanted, self.world.clock)

    @property
    def page(self) -> str:
        return self.out.read_text(encoding="utf-8")

    def places(self, listed: Iterable[int]) -> list[int]:
        """Return the places in the story that these numbers have."""
        return [self.numbers.index(number) + 1 for number in listed]

    def number(self, place: int) -> int:
        return self.numbers[place - 1]

    def rows(self) -> list[int]:
        """Return the places of the grants in the table, one for each row."""
        return self.places(map(int, re.findall(r'<tr id="grant-(\d+)"', self.page)))

    def row(self, place: int) -> str:
        """Return what a row says."""
        row = rf'<tr id="grant-{self.number(place)}".*?</tr>'
        found = re.search(row, self.page, re.DOTALL)
        assert found, f"no row of {place}"
        return re.sub(r"<[^>]*>", " ", found[0])


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def audited(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Audited]:
    """The story takes a while, and reading changes nothing: it is told once for all tests."""
    folder = tmp_path_factory.mktemp("audited")
    with World(storage_of(request.param, request, folder), STORY_POLICY) as world:
        yield Audited(world, tell(world), folder / "report.html")


@pytest.fixture(autouse=True)
def _no_faults_are_left(audited: Audited) -> Iterator[None]:
    yield
    audited.world.slack.faults.clear()
    audited.world.digitalocean.faults.clear()


def minutes(*lengths: float) -> list[timedelta]:
    return [timedelta(minutes=length) for length in lengths]


def test_the_story_is_told_as_it_was_counted_by_hand(audited: Audited) -> None:
    report = audited.report()

    assert audited.rows() == [1, 2, 7, 8, 9, 10, 11, 12, 13]
    assert report.people == {RITA, ALICE, BOB, OSCAR}
    assert report.clusters == {"orders", "analytics"}
    assert report.chain.broken_at is None
    assert report.chain.count == len(audited.world.audited())
    assert audited.places(one.id for one in report.emergencies.shown) == [9, 10]
    assert audited.places(one.id for one in report.unreviewed.shown) == [10]
    assert audited.places(one.id for one in report.unmet.shown) == [4, 5, 6]
    assert audited.places(one.id for one in report.self_approved.shown) == [7]
    assert audited.places(one.id for one in report.by_policy.shown) == [8]
    assert audited.places(one.grant.id for one in report.adopted.shown) == [13]
    assert audited.places(one.grant.id for one in report.recovered.shown) == [1]
    assert [one.actor for one in report.refused.shown] == [OSCAR]
    assert report.unaccounted.count == 0
    assert report.lost_attempts.count == 1
    assert report.undelivered.count == 1
    assert report.waiting == 1


def test_the_figures_are_those_of_the_hand(audited: Audited) -> None:
    figures = audited.report().figures.total

    assert sorted(figures.to_decide.seconds) == [
        s.total_seconds() for s in minutes(2, 10, 20, 20, 30)
    ]
    assert [figures.to_decide.median, figures.to_decide.p90] == minutes(20, 30)
    assert sorted(figures.overdue.seconds) == [s.total_seconds() for s in minutes(1, 1, 25, 30, 35)]
    assert [figures.overdue.median, figures.overdue.longest] == minutes(25, 35)
    assert figures.outcomes == {
        RequestState.APPROVED: 4,
        RequestState.DENIED: 1,
        RequestState.LAPSED: 1,
        RequestState.CANCELLED: 1,
    }
    assert (figures.grants, figures.emergencies) == (9, 2)


def test_an_alarm_is_told_with_its_length(audited: Audited) -> None:
    [trouble] = audited.report().troubles.shown

    assert trouble.cluster == "orders"
    assert trouble.cleared_at is not None
    assert trouble.cleared_at - trouble.since == timedelta(minutes=40)


def test_each_row_says_how_it_came_and_how_it_ended(audited: Audited) -> None:
    audited.report()
    rows = {place: audited.row(place) for place in audited.rows()}

    assert "Recovered from a rule" in rows[1]
    assert "not known: found by its label" in rows[1]
    assert f"#{audited.number(3)}: 1h more, approved by alice (U0ALICE), bob (U0BOB)" in rows[2]
    assert "35m past its end" in rows[2]
    assert "alice (U0ALICE) (their own request)" in rows[7]
    assert "Ended by alice (U0ALICE)." in rows[7]
    assert "the written policy" in rows[8]
    assert "Emergency" in rows[9]
    assert f"removed outside dbaccess. Put back as #{audited.number(12)}." in rows[11]
    assert f"Put back: continues #{audited.number(11)}" in rows[12]
    assert "Open." in rows[12]
    assert "Adopted" in rows[13]
    assert "NEVER REVIEWED" in audited.page
    assert "Reviewed by bob (U0BOB)" in audited.page


def test_a_hostile_reason_is_text_and_nothing_else(audited: Audited) -> None:
    audited.report()

    assert "<script" not in audited.page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;{{ 7 * 7 }} $x^2$ &amp; more" in audited.page


def test_p8_the_page_holds_no_secret(audited: Audited) -> None:
    audited.report(live=True)

    for secret in audited.world.settings.secrets():
        assert secret not in audited.page


def test_a_period_holds_what_was_there_in_it_and_neighbours_lose_nothing(audited: Audited) -> None:
    middle = audited.began + timedelta(hours=9)
    audited.report(until=middle)
    before = audited.rows()
    audited.report(since=middle)
    after = audited.rows()

    assert before == [1, 2, 7, 8]
    assert 12 not in before
    assert set(before) | set(after) == {1, 2, 7, 8, 9, 10, 11, 12, 13}
    for place in {*before} & {*after}:
        ended_at = audited.world.grant(audited.number(place)).ended_at
        assert ended_at is None or ended_at >= middle


def test_one_cluster_can_be_looked_at_alone(audited: Audited) -> None:
    report = audited.report(cluster="analytics")

    assert audited.rows() == [7, 8, 11, 12, 13]
    assert report.clusters == {"analytics"}
    assert list(report.figures.by_cluster) == ["analytics"]
    with pytest.raises(Refused, match="no_such_cluster"):
        audited.report(cluster="analytic")


def test_without_slack_the_report_comes_with_ids(audited: Audited) -> None:
    audited.world.slack.faults.add(Fault.status(500, times=None))
    audited.report()

    assert RITA in audited.page
    assert f"rita ({RITA})" not in audited.page
    assert len(audited.world.slack.faults.pending()) == 1


def test_the_rules_of_others_are_shown_when_they_are_asked_for(audited: Audited) -> None:
    audited.world.digitalocean.faults.add(Fault.status(500, times=None, target="1b2f7a90"))
    live = audited.report(live=True).live

    assert live is not None
    assert [(one.cluster, one.source) for one in live.rules.shown] == [
        ("orders", "198.51.100.7"),
        ("orders", "tag:backend"),
    ]
    assert list(live.unread) == ["analytics"]
    assert "analytics could not be read" in audited.page
    assert audited.report().live is None


def test_the_ledger_gives_each_grant_once_however_it_is_paged(
    audited: Audited, monkeypatch: pytest.MonkeyPatch
) -> None:
    period = Period(audited.began, audited.world.clock.now())
    monkeypatch.setattr(report_queries, "ROWS_AT_ONCE", 2)
    with audited.world.service.components.database.one_moment() as session:
        lent = audited.places(
            one.grant.id for one in report_queries.lent(session, period, noted=())
        )
        closed = audited.places(one.id for one in report_queries.closed(session, period))

    assert lent == [1, 2, 7, 8, 9, 10, 11, 12, 13]
    assert closed == [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]
