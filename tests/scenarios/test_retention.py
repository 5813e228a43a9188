"""Retention: what is finished goes after its time; who, from where and why, if that is wanted."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, SQLModel, select

from bot.access import retention
from bot.domain.audit_actions import Action
from bot.domain.erasure import ERASED
from bot.domain.lifecycle import GrantState, RequestState
from bot.store import audit, grants, heartbeats
from bot.store.tables import (
    AuditRow,
    DecisionRow,
    GrantRow,
    HeartbeatRow,
    HomeRow,
    JobRow,
    PostRow,
    RequestRow,
)
from tests.scenarios.test_emergency import GLASS, ONCALL, breaks_glass
from tests.scenarios.test_history import history
from tests.scenarios.test_putting_back import PUT_IT_BACK
from tests.scenarios.world import (
    ALICE,
    ANALYTICS,
    BOB,
    IP,
    OFFICE,
    ORDERS,
    OSCAR,
    POLICY,
    RITA,
    World,
)

Worlds = Callable[[dict[str, Any]], World]
WHY = ("fixing the nightly job", "use the replica")
PERSONAL = (RITA, ALICE, BOB, OSCAR, IP, str(OFFICE["value"]), *WHY)

pytestmark = pytest.mark.both_databases


def kept_for(worlds: Worlds, personal: str | None = "90d", **orders: Any) -> World:
    """Return a world whose personal data is kept for so long."""
    table = {"personal": personal} if personal else {}
    clusters = {"orders": {"id": ORDERS, **orders}, "analytics": {"id": ANALYTICS}}
    return worlds({**POLICY, "clusters": clusters, "retention": table})


def reading(world: World) -> Session:
    return Session(world.service.components.database.engine)


def count(world: World, table: type[SQLModel]) -> int:
    with reading(world) as session:
        return len(session.exec(select(table)).all())


def told_in_tables(world: World, *tables: type[SQLModel]) -> str:
    """Return all that these tables say."""
    with reading(world) as session:
        rows = [row for table in tables for row in session.exec(select(table)).all()]
    return json.dumps([row.model_dump() for row in rows], default=str)


def left(world: World) -> set[str]:
    """Return which personal data is still in the audit, or in requests and what came of them."""
    said = told_in_tables(world, AuditRow, RequestRow, DecisionRow, GrantRow)
    return {one for one in PERSONAL if one in said}


def is_whole(world: World) -> bool:
    with world.service.components.database.reading() as session:
        return audit.verify_chain(session).is_whole


def test_personal_data_of_what_is_over_is_erased_after_its_time_and_not_before(
    worlds: Worlds,
) -> None:
    world = kept_for(worlds)
    world.granted()
    world.types(RITA, "extend 1 30m a little more")
    world.presses(BOB, world.card, "Approve")
    world.pass_time(hours=3)
    world.types(OSCAR, f"request {IP} 1h orders fixing the nightly job")
    world.denies(BOB, world.card, "use the replica")
    began = world.clock.now()
    assert world.grant().state is GrantState.ENDED

    world.pass_time(days=89)
    assert left(world) == set(PERSONAL) - {OFFICE["value"]}

    world.pass_time(days=2)

    assert left(world) == set()
    assert is_whole(world)
    [erased] = world.audit_rows(Action.ERASED)
    before = (world.clock.now() - timedelta(days=90)).replace(hour=0, minute=0, second=0)
    assert before > began
    assert erased.detail["before"] == before.isoformat()
    assert erased.detail["requests"] == 3
    with reading(world) as session:
        with_fields = [row for row in session.exec(select(AuditRow)) if row.commitments]
    assert erased.detail["rows"] == len(with_fields)
    first, denied = world.request(1), world.request(3)
    assert (first.requester, first.approvers, first.reason) == (ERASED, ("erased 2",), ERASED)
    assert str(first.source) == str(world.grant().source) == ERASED
    assert (denied.requester, denied.denied_by, denied.denial_reason) == (
        *(ERASED, "erased 2", ERASED),
    )


def test_pages_show_plainly_what_is_erased(worlds: Worlds) -> None:
    world = kept_for(worlds)
    world.granted()
    world.types(ALICE, "revoke 1")
    world.types(ALICE, f"request {IP} 1h orders mine")
    world.types(ALICE, "cancel 2")
    world.pass_time(days=92)

    shown = history(world, ALICE)

    assert "someone (erased), `orders`, `erased`, *2h*, `erased`" in shown
    assert "approved by someone (erased)" in shown
    assert "ended by someone (erased)" in shown
    with world.service.components.database.reading() as session:
        [listed] = grants.listing(session, ended_too=True)
    assert (str(listed.source), listed.requester) == (ERASED, ERASED)


def test_unset_personal_data_is_kept(worlds: Worlds) -> None:
    world = kept_for(worlds, None)
    world.granted()
    world.pass_time(days=800)
    assert {"U0RITA", "U0ALICE", IP, "fixing the nightly job"} <= left(world)
    assert world.audit_rows(Action.ERASED) == []


def test_p3_nothing_of_what_is_live_or_undecided_is_erased(worlds: Worlds) -> None:
    world = kept_for(worlds, "1d", request_ttl="30d")
    world.adopts(ALICE, f"adopt orders {OFFICE['value']} 20d fixing the nightly job")
    world.types(OSCAR, "request 203.0.113.9 1h orders use the replica")
    world.pass_time(days=10)

    [adopted] = world.grants()
    pending = world.request(adopted.id + 1)
    assert pending.state is RequestState.PENDING
    assert (world.request(adopted.id).requester, pending.requester) == (ALICE, OSCAR)
    assert str(adopted.source) == OFFICE["value"]
    world.presses(BOB, world.card, "Approve")
    world.pass_time(hours=2)
    assert world.grant(pending.id).state is GrantState.ENDED

    world.pass_time(days=5)
    assert world.request(adopted.id).requester == ALICE
    assert world.request(pending.id).requester == ERASED
    world.pass_time(days=10)
    assert world.grant(adopted.id).state is GrantState.ENDED
    world.pass_time(days=2)
    assert left(world) == set()
    assert is_whole(world)


def test_an_emergency_is_kept_until_it_was_reviewed(worlds: Worlds) -> None:
    world = kept_for(worlds, "1d", emergency={**GLASS, "remind_every": "52w"})
    world.slack.add_group(ONCALL, "on-call", [RITA])
    breaks_glass(world)
    number = world.grants()[-1].id
    world.pass_time(hours=1)
    world.pass_time(days=100)
    assert world.request(number).requester == RITA
    assert count(world, PostRow) == 3, "its card, and what its thread and its holder read"

    world.presses(BOB, world.card, "Mark reviewed")
    assert world.request(number).reviewed_by == BOB
    world.pass_time(days=2)

    assert world.request(number).requester == ERASED
    assert world.request(number).reviewed_by == "erased 2"
    assert count(world, PostRow) == 0


def test_p4_what_was_removed_outside_can_be_put_back_while_its_time_lasts(worlds: Worlds) -> None:
    world = kept_for(worlds, "1d", max_duration="60d")
    world.types(RITA, f"request {IP} 50d orders fixing the nightly job")
    world.presses(ALICE, world.card, "Approve")
    world.pass_time(minutes=2)
    world.digitalocean.terraform_apply(ORDERS, [("ip_addr", "198.51.100.7")])
    world.pass_time(minutes=5)
    world.pass_time(days=40)
    assert world.grant().end_reason == "removed_outside"

    world.presses(RITA, world.slack.dms(RITA)[-1], PUT_IT_BACK)

    assert f"ip_addr:{IP}" in world.sources()
    assert world.request(2).approvers == (ALICE,)
    world.types(RITA, "extend 2 5d not done yet")
    world.presses(BOB, world.card, "Approve")
    world.pass_time(days=12)
    assert world.grant(2).state is GrantState.ACTIVE
    assert world.request(1).requester == RITA, "what is live rests on it"
    assert world.request(3).requester == RITA
    world.pass_time(days=4)
    assert world.grant(2).state is GrantState.ENDED
    world.pass_time(days=70)
    assert {world.request(number).requester for number in (1, 2, 3)} == {ERASED}


def test_who_revoked_lately_still_counts_however_short_personal_data_is_kept(
    worlds: Worlds,
) -> None:
    world = kept_for(worlds, "1d", max_duration="30d")
    world.granted()
    world.types(ALICE, "revoke 1")
    world.pass_time(days=20)
    assert world.grant().revoked_by == ALICE
    world.pass_time(days=12)
    assert world.grant().revoked_by == "erased 2"


def test_a_person_who_asks_again_is_new_and_is_served(worlds: Worlds) -> None:
    world = kept_for(worlds)
    world.granted()
    world.pass_time(days=92)
    world.granted()
    assert world.grant(2).requester == RITA
    assert f"ip_addr:{IP}" in world.sources()


def test_many_rows_are_erased_a_few_at_a_time(
    worlds: Worlds, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "_AT_ONCE", 3)
    world = kept_for(worlds)
    for _ in range(3):
        world.granted()
        world.types(RITA, f"revoke {world.grants()[-1].id}")
    world.pass_time(days=92)

    rows = world.audit_rows(Action.ERASED)
    assert len(rows) > 2
    assert all(0 < row.detail["rows"] <= 3 for row in rows)
    assert sum(row.detail["requests"] for row in rows) == 3
    assert left(world) == set()
    assert is_whole(world)


# What is finished.


def test_posts_of_what_ended_are_forgotten_after_thirty_days(world: World) -> None:
    world.granted()
    world.types(OSCAR, "request 203.0.113.9 1h orders")
    world.types(OSCAR, "cancel 2")
    world.adopts(BOB, f"adopt orders {OFFICE['value']} 52w")
    world.pass_time(hours=3)
    world.pass_time(days=29)
    assert count(world, PostRow) == 7

    world.pass_time(days=2)

    with reading(world) as session:
        left = {row.post for row in session.exec(select(PostRow))}
    [adopted] = [grant.id for grant in world.grants() if grant.adopted]
    assert left == {f"request:{adopted}", f"thread:{adopted}", f"holder:{adopted}"}


@pytest.mark.parametrize("button", ["Approve", "Deny"])
def test_p4_a_press_on_a_card_that_was_forgotten_is_answered_and_decides_nothing(
    world: World, button: str
) -> None:
    world.types(RITA, f"request {IP} 2h orders")
    old = world.card
    world.types(RITA, "cancel 1")
    world.pass_time(days=31)
    assert count(world, PostRow) == 0

    if button == "Deny":
        world.denies(ALICE, old, "no")
    else:
        world.presses(ALICE, old, button)

    assert "#1 was already cancelled. Nothing was changed." in world.whispered(ALICE)[-1]
    assert world.grants() == []
    assert world.request().state is RequestState.CANCELLED


def test_finished_jobs_go_after_thirty_days(world: World) -> None:
    world.granted()
    world.types(RITA, "revoke 1")
    began, finished = world.clock.now(), count(world, JobRow)
    assert finished > 5
    assert told_in_tables(world, JobRow).count('"reply_address": null') == finished
    world.pass_time(days=29)
    assert count(world, JobRow) >= finished

    world.pass_time(days=2)

    with reading(world) as session:
        rows = session.exec(select(JobRow)).all()
    assert all(row.created_at > began for row in rows), "the anchors that were posted since"


def test_jobs_are_kept_no_longer_than_personal_data(worlds: Worlds) -> None:
    world = kept_for(worlds, "2d")
    world.granted()
    world.pass_time(hours=3)
    world.pass_time(days=1)
    assert RITA in told_in_tables(world, JobRow)
    world.pass_time(days=3)
    assert RITA not in told_in_tables(world, JobRow)


def test_a_home_tab_that_nobody_opens_is_forgotten(world: World) -> None:
    world.slack.open_home(RITA)
    world.settle()
    world.pass_time(days=29)
    assert count(world, HomeRow) == 1
    world.pass_time(days=2)
    assert count(world, HomeRow) == 0


def test_heartbeats_of_workers_that_are_gone_are_deleted(world: World) -> None:
    with world.service.components.database.transaction() as session:
        heartbeats.beat(session, "gone", world.clock.now())
    world.pass_time(days=29)
    world.beat()
    assert count(world, HeartbeatRow) == 2
    world.pass_time(days=2)
    with reading(world) as session:
        assert "gone" not in [row.worker for row in session.exec(select(HeartbeatRow))]
