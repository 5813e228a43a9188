"""A holder who was not seen connected for a while is asked once whether they are done."""

from collections.abc import Iterator

import pytest

from bot.config import ConfigError, parse_policy
from bot.domain.commands import Keep
from bot.domain.lifecycle import GrantState
from bot.domain.marks import mark_of_grant
from bot.domain.people import Person, Standing
from bot.domain.refusal import NotYours
from bot.sessions.usage import UsageLooks
from bot.store.jobs import Job, Kind
from dbaccess_playground.slack.conversations import Message
from tests.postgresql import PostgresServer
from tests.scenarios.connected import NAME, looked_at, open_from
from tests.scenarios.test_messages_of_a_grant import assert_no_button_is_dead, refusing
from tests.scenarios.test_usage import AWAY, pass_minutes
from tests.scenarios.world import ALICE, ORDERS, OSCAR, RITA, World, policy
from tests.sessions.clients import CAFE, HOME, Clients
from tests.storage import Storage

IDLE = policy({"orders": {"id": ORDERS, "sessions": {"url_env": NAME, "idle": "5m"}}})
QUESTION = "No connection to `orders` seen for 5m.* Done?"


@pytest.fixture
def set_up(storage: Storage, postgresql: PostgresServer) -> Iterator[World]:
    """A world in which people are asked whether they are done with `orders`."""
    with looked_at(storage, postgresql, IDLE) as made:
        made.pass_time(minutes=1)  # the first look ever comes a minute after the first start
        yield made


def questions(world: World) -> list[Message]:
    """The messages that ask it now."""
    return [message for message in world.slack.dms(RITA) if QUESTION in message.all_text]


def times_asked(world: World) -> int:
    return sum(QUESTION in said for said in world.heard(RITA))


@pytest.mark.both_databases
def test_a_holder_who_is_not_connected_is_asked_once(set_up: World, clients: Clients) -> None:
    world = set_up
    open_from(world, HOME)
    clients.session(CAFE)
    pass_minutes(world, 4)
    assert questions(world) == []

    pass_minutes(world, 1)

    [question] = questions(world)
    assert question.buttons == ["End access", "Keep"]
    [opened] = [one for one in world.slack.dms(RITA) if "see the newer message" in one.all_text]
    assert opened.buttons == []
    assert [row.request_id for row in world.audit_rows("grant.idle_asked")] == [1]
    pass_minutes(world, 15)
    assert times_asked(world) == 1
    assert world.grant().state is GrantState.ACTIVE
    assert not any(QUESTION in said for said in world.thread())


def test_it_counts_from_when_somebody_was_last_seen(set_up: World, clients: Clients) -> None:
    world = set_up
    open_from(world, HOME)
    session = clients.session(HOME)
    pass_minutes(world, 10)
    session.close()

    pass_minutes(world, 4)
    assert questions(world) == []
    pass_minutes(world, 1)

    assert len(questions(world)) == 1


def test_who_keeps_it_reads_so_in_place_and_is_not_asked_again(
    set_up: World, clients: Clients
) -> None:
    world = set_up
    open_from(world, HOME)
    pass_minutes(world, 5)
    [question] = questions(world)

    for _ in range(2):
        world.slack.click(RITA, question, "Keep")
    world.settle()

    [kept] = [one for one in world.slack.dms(RITA) if "*Kept.*" in one.all_text]
    assert kept.ts == question.ts
    assert kept.buttons == ["Connect", "Extend…", "End access"]
    assert [row.actor for row in world.audit_rows("grant.kept")] == [RITA]
    pass_minutes(world, 10)
    assert times_asked(world) == 1


def test_who_is_done_ends_it_with_one_press(set_up: World, clients: Clients) -> None:
    world = set_up
    open_from(world, HOME)
    pass_minutes(world, 5)
    [question] = questions(world)

    world.presses(RITA, question, "End access")

    assert world.grant().state is GrantState.ENDED
    assert "No connection was seen." in world.told(RITA)[-1]
    assert_no_button_is_dead(world)


@pytest.mark.parametrize("end", ["its time is up", "an approver ends it"])
def test_without_an_answer_access_ends_as_it_would_have_and_no_button_stays(
    set_up: World, clients: Clients, end: str
) -> None:
    world = set_up
    open_from(world, HOME)
    pass_minutes(world, 5)
    assert len(questions(world)) == 1

    if end == "its time is up":
        world.pass_time(minutes=45)  # the warning takes the question's place
        assert questions(world) == []
        world.pass_time(minutes=10)
    else:
        world.types(ALICE, "revoke 1")

    assert world.grant().state is GrantState.ENDED
    assert questions(world) == []
    assert_no_button_is_dead(world)


def test_a_question_that_waits_for_slack_is_not_asked_once_access_has_ended(
    set_up: World, clients: Clients
) -> None:
    world = set_up
    open_from(world, HOME)
    world.slack.faults.add(refusing("internal_error", times=None))
    pass_minutes(world, 5)
    assert [row.request_id for row in world.audit_rows("grant.idle_asked")] == [1]

    world.types(RITA, "revoke 1")
    world.slack.faults.clear()
    pass_minutes(world, 2)

    assert times_asked(world) == 0
    assert_no_button_is_dead(world)


def test_nobody_is_asked_who_is_warned_of_the_end_anyway(set_up: World, clients: Clients) -> None:
    world = set_up
    open_from(world, HOME)
    session = clients.session(HOME)
    pass_minutes(world, 46)
    session.close()

    pass_minutes(world, 10)

    assert times_asked(world) == 0
    assert any("ends soon" in said for said in world.heard(RITA))


def test_nobody_is_asked_while_it_is_not_known_who_is_connected(
    set_up: World, clients: Clients
) -> None:
    world = set_up
    open_from(world, HOME)
    login = dict(world.session_logins)
    world.session_logins = {NAME: AWAY}
    world.restart()
    pass_minutes(world, 8)
    assert times_asked(world) == 0

    world.session_logins = login
    world.restart()
    pass_minutes(world, 5)
    assert times_asked(world) == 0, "who was connected meanwhile is not known"
    pass_minutes(world, 1)
    assert times_asked(world) == 1


def test_whoever_set_an_expiry_on_a_rule_of_others_is_not_asked(
    set_up: World, clients: Clients
) -> None:
    world = set_up
    world.adopts(ALICE, "adopt orders 198.51.100.7 1d")
    assert world.grant().state is GrantState.ACTIVE

    pass_minutes(world, 7)

    assert not any(QUESTION in said for said in world.heard(ALICE))


def test_a_worker_that_looks_twice_asks_once(set_up: World, clients: Clients) -> None:
    """As when the lease of a slow worker ran out, and another one is at the same job."""
    world, parts = set_up, set_up.service.components
    open_from(world, HOME)
    pass_minutes(world, 4)
    world.clock.advance(minutes=1)
    looks = UsageLooks(parts.database, parts.access, parts.policy, parts.clock, parts.open_sessions)
    job = Job(
        id=0,
        kind=Kind.USAGE,
        ordering_key="",
        payload={"cluster_id": ORDERS, "cluster": "orders"},
        reply_address=None,
        created_at=world.clock.now(),
        deadline=world.clock.now(),
        attempts=1,
        unknown_failures=0,
        is_held=False,
        last_error="",
    )

    for _ in range(2):
        looks.handle(job)
        world.clock.advance(seconds=1)
    world.settle()

    assert times_asked(world) == 1


def test_only_its_holder_can_say_that_they_keep_it(set_up: World, clients: Clients) -> None:
    world, access = set_up, set_up.service.components.access
    open_from(world, HOME)
    pass_minutes(world, 5)
    press = Keep(grant_id=1, mark=mark_of_grant(world.grant()))

    for other in (ALICE, OSCAR):
        with pytest.raises(NotYours):
            access.carry_out(press, Person(other, Standing.MEMBER), origin=f"press:{other}")

    assert world.audit_rows("grant.kept") == []


def test_a_time_that_looks_cannot_measure_is_refused() -> None:
    sessions = {"url_env": NAME, "idle": "1m"}

    with pytest.raises(ConfigError) as error:
        parse_policy(policy({"orders": {"id": ORDERS, "sessions": sessions}}))

    [problem] = error.value.problems
    assert "clusters.orders.sessions.idle: must be at least 5m" in problem
