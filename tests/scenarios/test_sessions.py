"""When access ends, the sessions end (P9): on a real PostgreSQL, from addresses of their own.

Nobody may ask for an address of the loopback interface: access from there is put in place here.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from pydantic import SecretStr
from sqlmodel import select

from bot.domain.labels import label
from bot.domain.sources import SourceType, TrustedSource
from bot.retry import NotYet
from bot.sessions.ending import SessionEnding
from bot.store import jobs, session_ends
from bot.store.jobs import Job, Kind
from bot.store.session_ends import SessionEnd
from bot.store.tables import GrantRow, JobRow
from dbaccess_playground.faults import Fault
from tests.postgresql import PostgresServer, binaries
from tests.scenarios.connected import NAME, POLICY, RIGHTS, looked_at, open_from
from tests.scenarios.world import ALICE, OPERATIONS, ORDERS, RITA, World
from tests.sessions.clients import (
    CAFE,
    HOME,
    Clients,
    clients_of,
    is_open,
    login_of,
    silent_server,
)
from tests.storage import Storage

K8S = "bd5f5959-5e1e-4205-a714-a914373942af"

Client = psycopg.Connection[Any]


@pytest.fixture
def set_up(storage: Storage, postgresql: PostgresServer) -> Iterator[World]:
    """A world in which the sessions of `orders` are ended."""
    with looked_at(storage, postgresql) as made:
        yield made


def ended_rows(world: World) -> list[dict[str, Any]]:
    return [dict(row.detail) for row in world.audit_rows("sessions.ended")]


def told_last(world: World) -> str:
    return world.told(RITA)[-1]


def test_a_session_is_cut_when_its_time_is_up_and_no_other(set_up: World, clients: Clients) -> None:
    world = set_up
    open_from(world, HOME)
    inside, outside = clients.session(HOME), clients.session(CAFE)
    process = inside.info.backend_pid
    world.pass_time(minutes=59)
    assert is_open(inside)

    world.pass_time(minutes=1)

    assert f"ip_addr:{HOME}" not in world.sources()
    assert not is_open(inside)
    assert is_open(outside)
    [row] = ended_rows(world)
    [session] = row["sessions"]
    assert (row["count"], row["source"], row["refused"]) == (1, HOME, [])
    assert (session["user"], session["from"], session["application"]) == ("bob", HOME, "psql")
    assert session["pid"] == process
    assert "firewall rule removed. 1 open session closed." in told_last(world)
    assert "may stay" not in told_last(world)
    assert "1 open session closed." in world.thread()[-1]


def test_a_revoked_session_is_cut_and_its_holder_is_told_once(
    set_up: World, clients: Clients
) -> None:
    world = set_up
    open_from(world, HOME)
    cut = [clients.session(HOME) for _ in range(3)]

    world.types(ALICE, "revoke 1")

    assert not any(is_open(one) for one in cut)
    assert sum("3 open sessions closed" in said for said in world.told(RITA)) == 1
    assert len([dm for dm in world.slack.dms(RITA) if "was ended" in dm.text]) == 1


def test_a_session_is_cut_when_its_rule_is_removed_outside(set_up: World, clients: Clients) -> None:
    world = set_up
    open_from(world, HOME, hours=3)
    cut = clients.session(HOME)
    world.pass_time(hours=1)

    world.digitalocean.remove_rule(ORDERS, "ip_addr", HOME)
    world.pass_time(minutes=5)

    assert not is_open(cut)
    assert "removed outside dbaccess. 1 open session closed." in told_last(world)


def test_a_session_is_cut_when_the_rule_is_removed_late(set_up: World, clients: Clients) -> None:
    world = set_up
    open_from(world, HOME)
    cut = clients.session(HOME)
    world.digitalocean.faults.add(Fault.status(401, times=None))
    world.pass_time(hours=1)
    world.pass_time(minutes=20)
    assert is_open(cut), "its rule is still there"

    world.digitalocean.faults.clear()
    world.pass_time(minutes=1)

    assert f"ip_addr:{HOME}" not in world.sources()
    assert not is_open(cut)


def test_a_session_is_cut_when_its_holder_has_left(set_up: World, clients: Clients) -> None:
    world = set_up
    open_from(world, HOME)
    cut = clients.session(HOME)

    world.service.components.access.depart(RITA)
    world.settle()

    assert world.grant().revoked_by == "departed"
    assert not is_open(cut)


def test_a_session_is_cut_whose_rule_belonged_to_no_access_any_more(
    set_up: World, clients: Clients
) -> None:
    """P7: its label alone says that it is ours, and that its time is up."""
    world = set_up
    over = label("test", 7, world.clock.now() - timedelta(minutes=1))
    world.digitalocean.add_rule(ORDERS, "ip_addr", HOME, str(over))
    cut = clients.session(HOME)

    world.restart()

    assert f"ip_addr:{HOME}" not in world.sources()
    assert not is_open(cut)
    [row] = world.audit_rows("sessions.ended")
    assert row.request_id is None


@pytest.mark.parametrize("trouble", ["the process was killed", "the answer was lost"])
def test_a_session_is_cut_although_nobody_saw_the_rule_go_that_belonged_to_no_access(
    set_up: World, clients: Clients, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    """P7: the rule is gone, and no row tells that it was ours."""
    world = set_up
    over = label("test", 7, world.clock.now() - timedelta(minutes=1))
    world.digitalocean.add_rule(ORDERS, "ip_addr", HOME, str(over))
    cut = clients.session(HOME)

    if trouble == "the answer was lost":
        world.digitalocean.faults.add(Fault.lost_answer(method="PUT"))
    else:

        def kill(*_: object, **__: object) -> None:
            raise _Killed

        with monkeypatch.context() as patched:
            patched.setattr("bot.reconcile.reconciler.record_outcome", kill)
            with pytest.raises(_Killed):
                world.restart()
        assert f"ip_addr:{HOME}" not in world.sources()
        assert is_open(cut)
    world.restart(seconds=5)

    assert f"ip_addr:{HOME}" not in world.sources()
    assert not is_open(cut)
    assert len(world.audit_rows("sessions.ended")) == 1


def test_a_network_is_cut_but_for_addresses_that_others_are_let_in_from(
    set_up: World, clients: Clients
) -> None:
    world = set_up
    open_from(world, "127.0.0.0/24", number=1)
    open_from(world, CAFE, number=2, hours=2)
    world.digitalocean.add_rule(ORDERS, "ip_addr", "127.0.0.5")
    lent, foreign, cut = (clients.session(a) for a in (CAFE, "127.0.0.5", HOME))
    own = clients.session("127.0.1.1")

    world.pass_time(hours=1)

    assert [is_open(one) for one in (lent, foreign, own, cut)] == [True, True, True, False]
    world.pass_time(hours=1)
    assert [is_open(one) for one in (lent, foreign)] == [False, True]


def test_nobody_is_cut_while_another_grant_covers_the_address(
    set_up: World, clients: Clients
) -> None:
    world = set_up
    open_from(world, HOME, number=1, hours=1)
    open_from(world, "127.0.0.0/24", number=2, hours=2)
    session = clients.session(HOME)

    world.pass_time(hours=1)
    world.pass_time(minutes=5)

    assert world.grant(1).state == "ended"
    assert is_open(session)
    world.pass_time(hours=1)
    assert not is_open(session)


def test_nobody_is_cut_whom_a_rule_that_somebody_added_since_lets_in(
    set_up: World, clients: Clients, postgresql: PostgresServer
) -> None:
    world = set_up
    open_from(world, HOME)
    session = clients.session(HOME)
    world.session_logins = {NAME: SecretStr("postgresql://nobody@127.0.0.1:1/postgres")}
    world.restart()
    world.pass_time(hours=1)
    assert f"ip_addr:{HOME}" not in world.sources()

    world.digitalocean.add_rule(ORDERS, "ip_addr", HOME)
    world.session_logins = {NAME: SecretStr(login_of(postgresql, *RIGHTS))}
    world.restart(minutes=2)
    world.pass_time(minutes=2)

    assert is_open(session)
    assert ended_rows(world) == []


@pytest.mark.parametrize(
    ("rule", "tags"),
    [
        (("droplet", "163973392"), ()),
        (("tag", "shop"), ("shop",)),
        (("k8s", K8S), ("k8s", f"k8s:{K8S}", "k8s:worker")),
    ],
)
def test_a_machine_that_is_trusted_by_what_it_is_stays_connected(
    set_up: World, clients: Clients, rule: tuple[str, str], tags: tuple[str, ...]
) -> None:
    world = set_up
    world.digitalocean.add_droplet("shop-1", 163973392, address=HOME, tags=tags)
    if rule[0] == "k8s":
        world.digitalocean.add_kubernetes_cluster("production", K8S)
    world.digitalocean.add_rule(ORDERS, *rule)
    open_from(world, HOME, number=1)
    open_from(world, CAFE, number=2)
    machine, person = clients.session(HOME), clients.session(CAFE)

    world.pass_time(hours=1)

    assert is_open(machine)
    assert not is_open(person)


def test_nobody_is_cut_while_new_access_from_there_is_being_opened(
    set_up: World, clients: Clients, postgresql: PostgresServer
) -> None:
    world = set_up
    open_from(world, HOME)
    session = clients.session(HOME)
    login, world.session_logins = world.session_logins, {}
    world.restart()
    world.pass_time(hours=1)
    world.digitalocean.faults.add(Fault.status(500, method="PUT", times=None))
    world.granted("request 203.0.113.2 1h orders")
    with world.service.components.database.transaction() as opened:
        row = opened.get_one(GrantRow, 2)
        row.source_value = HOME
        opened.add(row)

    world.session_logins = login
    world.restart()
    world.pass_time(minutes=2)
    assert world.grant(2).state == "applying"
    assert is_open(session)
    with world.service.components.database.transaction() as opened:
        row = opened.get_one(GrantRow, 2)
        row.source_value = "203.0.113.2"
        opened.add(row)
    world.pass_time(seconds=10)

    assert not is_open(session), "it was for somewhere else after all"


def test_who_was_just_connecting_is_cut_by_the_second_look(set_up: World, clients: Clients) -> None:
    world = set_up
    open_from(world, HOME)
    first = clients.session(HOME)
    world.pass_time(hours=1)
    late = clients.session(HOME)
    world.pass_time(seconds=70)
    assert is_open(late)

    world.pass_time(seconds=10)

    assert not any(is_open(one) for one in (first, late))
    assert [row["count"] for row in ended_rows(world)] == [1, 1]
    assert "2 open sessions closed." in told_last(world)


def test_where_nobody_is_connected_nothing_is_said_and_no_rule_is_read_again(
    set_up: World, clients: Clients
) -> None:
    world = set_up
    open_from(world, HOME)
    world.pass_time(minutes=59)
    before = len(world.digitalocean.calls)

    world.pass_time(minutes=1)

    ended = [call.method for call in world.digitalocean.calls[before:]]
    assert ended == ["GET", "PUT", "GET"]
    assert "session" not in told_last(world)
    assert "may stay" not in told_last(world)
    assert ended_rows(world) == []


class _Killed(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("moment", ["before it connects", "after the first is cut"])
def test_a_session_is_cut_although_the_process_was_killed(
    set_up: World,
    clients: Clients,
    monkeypatch: pytest.MonkeyPatch,
    moment: str,
) -> None:
    world = set_up
    open_from(world, HOME)
    cut = [clients.session(HOME), clients.session(HOME)]
    processes = sorted(one.info.backend_pid for one in cut)
    from bot.sessions import postgresql as module

    def kill(*_: object) -> None:
        raise _Killed

    real_end = module.PostgresSessions.end

    def end_and_kill(self: module.PostgresSessions, session: Any) -> bool:
        real_end(self, session)
        raise _Killed

    with monkeypatch.context() as patched:
        if moment == "before it connects":
            patched.setattr(module, "connect", kill)
        else:
            patched.setattr(module.PostgresSessions, "end", end_and_kill)
        with pytest.raises(_Killed):
            world.pass_time(hours=1)
    assert f"ip_addr:{HOME}" not in world.sources()
    assert sum(is_open(one) for one in cut) == (2 if moment == "before it connects" else 1)

    world.restart(seconds=1)
    world.pass_time(seconds=30)

    assert not any(is_open(one) for one in cut)
    told = [one["pid"] for row in ended_rows(world) for one in row["sessions"]]
    assert sorted(told) == processes
    assert "2 open sessions closed." in told_last(world)


def test_a_worker_whose_job_another_one_has_taken_over_ends_nothing_for_it(
    set_up: World, clients: Clients
) -> None:
    world, parts = set_up, set_up.service.components
    clients.session(HOME)
    source = TrustedSource(SourceType.IP_ADDR, HOME)
    end = SessionEnd(
        cluster_id=ORDERS, cluster="orders", source=source, since=world.clock.now(), is_last=True
    )
    with parts.database.transaction() as session:
        session_ends.add(session, end, at=world.clock.now())

    def claimed() -> Job:
        now = world.clock.now()
        until = now + timedelta(seconds=jobs.LEASE_SECONDS)
        with parts.database.transaction() as session:
            [job] = jobs.claim(session, Kind.SESSIONS, now, until=until, most=1, most_retried=1)
        return job

    slow = claimed()
    world.clock.advance(seconds=jobs.LEASE_SECONDS + 1)
    other = claimed()
    ending = SessionEnding(
        parts.database, parts.provider, parts.policy, parts.clock, parts.open_sessions
    )

    with pytest.raises(NotYet):
        ending.handle(slow)
    assert ending.handle(other) is None
    assert ending.handle(slow) is None

    assert [row["count"] for row in ended_rows(world)] == [1]


def test_a_superusers_session_stays_and_the_operators_are_told_once(
    set_up: World, clients: Clients
) -> None:
    world = set_up
    open_from(world, HOME)
    boss, bob = clients.session(HOME, "boss"), clients.session(HOME)

    world.pass_time(hours=1)
    boss.execute("SET application_name = 'another'")
    for _ in range(10):
        world.pass_time(minutes=1)

    assert is_open(boss)
    assert not is_open(bob)
    assert "1 open session closed. 1 superuser session stays open." in told_last(world)
    [told] = world.operators()
    assert "stays on `orders`" in told
    assert f"process {boss.info.backend_pid}" in told


def test_a_database_that_was_away_at_the_end_is_an_alarm_and_its_sessions_are_cut_later(
    storage: Storage,
) -> None:
    programs = binaries()
    if programs is None:
        pytest.skip("PostgreSQL is not installed")
    world = World(storage, POLICY)
    with PostgresServer(programs) as server, clients_of(server) as clients:
        world.session_logins = {NAME: SecretStr(login_of(server, *RIGHTS))}
        with world:
            open_from(world, HOME)
            session = clients.session(HOME)
            server.execute("ALTER ROLE dbaccess_sessions NOLOGIN")
            world.pass_time(hours=1)
            assert f"ip_addr:{HOME}" not in world.sources()
            assert world.grant().state == "ended"
            assert "was ended" in told_last(world) or "has ended" in told_last(world)
            world.pass_time(minutes=4)
            assert world.operators() == []

            for _ in range(10):
                world.pass_time(minutes=1)
            assert is_open(session)
            alarms = [said for said in world.operators() if "Can't close the sessions" in said]
            assert len(alarms) == 2
            assert "is not permitted to log in" in alarms[0]
            assert "(access #1)" in alarms[0]

            server.execute("ALTER ROLE dbaccess_sessions LOGIN")
            for _ in range(2):
                world.pass_time(minutes=1)

            assert not is_open(session)
            assert "1 open session closed." in told_last(world)
            assert "No open sessions are left" in world.operators()[-1]


def test_a_server_that_hangs_delays_nobody_else(set_up: World) -> None:
    world = set_up
    with silent_server() as port:
        world.session_logins = {NAME: SecretStr(f"postgresql://me@127.0.0.1:{port}/postgres")}
        world.restart()
        open_from(world, HOME)
        world.granted("request 203.0.113.9 1h orders", to=RITA)
        with world.at_work() as worker:
            world.clock.advance(hours=1)
            worker.wake()
            world.eventually(lambda: sum("has ended" in said for said in world.told(RITA)) == 2)

            with world.service.components.database.reading() as session:
                kind = JobRow.kind == Kind.SESSIONS
                waiting = session.exec(select(JobRow).where(kind, jobs.IS_WAITING)).all()
            assert len(waiting) == 2, "both still wait for the server"


def test_a_variable_that_is_not_set_is_an_alarm(set_up: World) -> None:
    world = set_up
    world.session_logins = {}
    world.restart()
    open_from(world, HOME)
    world.pass_time(hours=1)

    for _ in range(6):
        world.pass_time(minutes=1)

    assert any(f"{NAME} is not set" in said for said in world.operators())


def test_an_alarm_does_not_wait_for_the_day_at_which_a_wrong_clock_saw_the_end(
    set_up: World,
) -> None:
    world = set_up
    world.session_logins = {}
    world.restart()
    open_from(world, HOME)
    world.pass_time(days=2)

    world.clock.advance(days=-1)
    for _ in range(6):
        world.pass_time(minutes=1)

    assert any(f"{NAME} is not set" in said for said in world.operators())


def test_where_nothing_is_set_up_nobody_is_cut_and_the_message_says_so(
    world: World, clients: Clients
) -> None:
    open_from(world, HOME)
    session = clients.session(HOME)

    world.pass_time(hours=1)

    assert is_open(session)
    assert "Open connections may stay." in told_last(world)


def test_a_login_is_never_written_down_or_shown(
    set_up: World, clients: Clients, storage: Storage
) -> None:
    """P8."""
    world = set_up
    world.session_logins = {NAME: SecretStr("postgresql://me:hunter2@127.0.0.1:1/postgres")}
    world.restart()
    open_from(world, HOME)
    world.pass_time(hours=1)
    for _ in range(6):
        world.pass_time(minutes=1)

    assert world.slack.messages(OPERATIONS)
    said = [*world.operators(), *world.told(RITA), storage.everything()]
    assert not any("hunter2" in one for one in said)
