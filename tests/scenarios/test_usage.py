"""Whether anybody connected through access: looked for while it is open, said where it is known."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlmodel import select

from bot.cli.listing import grants_json
from bot.cli.reporting import Wanted, make_report
from bot.domain.lifecycle import GrantState
from bot.sessions import postgresql as server_sessions
from bot.store.jobs import Kind
from bot.store.tables import GrantUsageRow, JobRow
from tests.postgresql import PostgresServer
from tests.scenarios.connected import NAME, POLICY, RIGHTS, looked_at, open_from
from tests.scenarios.test_history import history
from tests.scenarios.test_sessions import K8S, told_last
from tests.scenarios.world import ALICE, ANALYTICS, ORDERS, RITA, World, policy
from tests.sessions.clients import CAFE, HOME, Clients, login_of
from tests.storage import Storage

UNSEEN = "No connection was seen."
AWAY = SecretStr("postgresql://nobody@127.0.0.1:1/postgres")


@pytest.fixture
def set_up(storage: Storage, postgresql: PostgresServer) -> Iterator[World]:
    """A world in which somebody looks who is connected to `orders`."""
    with looked_at(storage, postgresql) as made:
        made.pass_time(minutes=1)  # the first look ever comes a minute after the first start
        yield made


def pass_minutes(world: World, minutes: int) -> None:
    """Let time pass as it does, so that each look comes when it is due."""
    for _ in range(minutes):
        world.pass_time(minutes=1)


def known(world: World, number: int = 1) -> GrantUsageRow | None:
    with world.service.components.database.reading() as session:
        return session.get(GrantUsageRow, number)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the database servers are asked, from here on."""
    questions: list[str] = []
    real = server_sessions.PostgresSessions.of

    def of(self: server_sessions.PostgresSessions, network: Any) -> Any:
        questions.append(str(network))
        return real(self, network)

    monkeypatch.setattr(server_sessions.PostgresSessions, "of", of)
    return questions


@pytest.mark.both_databases
def test_access_that_nobody_connected_through_is_said_to_be_so(
    set_up: World, clients: Clients
) -> None:
    world = set_up
    open_from(world, HOME)
    clients.session(CAFE)
    pass_minutes(world, 3)

    world.types(RITA, "revoke 1")

    assert f"firewall rule removed. {UNSEEN}" in told_last(world)
    assert f"firewall rule removed. {UNSEEN}" in world.thread()[-1]
    assert not world.grant().unused, "somebody may be logging in just now"
    pass_minutes(world, 2)
    [row] = world.audit_rows("grant.unused")
    assert (row.request_id, row.cluster, row.detail) == (1, "orders", {})
    assert json.loads(grants_json(world.grants()))[0]["unused"] is True
    assert "ended by <@U0RITA>, no connection seen)" in history(world, RITA)
    assert known(world) is None, "what is known of it is told"


def test_the_report_says_what_access_was_never_used(
    set_up: World, clients: Clients, tmp_path: Path
) -> None:
    world = set_up
    open_from(world, HOME, number=1)
    open_from(world, CAFE, number=2)
    clients.session(CAFE)
    pass_minutes(world, 1)
    for number in (1, 2):
        world.types(RITA, f"revoke {number}")
    pass_minutes(world, 2)
    page = tmp_path / "report.html"

    wanted = Wanted(since="1d", until=None, cluster=None, out=page)
    report = make_report(world.settings, world.policy, wanted, world.clock)

    assert (report.figures.total.sessions_ended, report.figures.total.unused) == (1, 1)
    assert "1 open session closed." in page.read_text()
    assert UNSEEN in page.read_text()


def test_who_was_connected_for_a_while_was_not_absent(set_up: World, clients: Clients) -> None:
    world = set_up
    open_from(world, HOME)
    session = clients.session(HOME)
    pass_minutes(world, 1)
    session.close()
    pass_minutes(world, 3)

    world.types(RITA, "revoke 1")
    pass_minutes(world, 2)

    assert "firewall rule removed." in told_last(world)
    assert UNSEEN not in told_last(world)
    assert not world.grant().unused


def test_who_connects_just_before_the_end_was_not_absent(set_up: World, clients: Clients) -> None:
    world = set_up
    open_from(world, HOME)
    pass_minutes(world, 3)
    clients.session(HOME)

    world.types(RITA, "revoke 1")
    pass_minutes(world, 2)

    assert "1 open session closed." in told_last(world)
    assert UNSEEN not in told_last(world)
    assert not world.grant().unused


def test_who_was_just_logging_in_at_the_end_was_not_absent(set_up: World, clients: Clients) -> None:
    world = set_up
    open_from(world, HOME)
    pass_minutes(world, 1)
    world.types(RITA, "revoke 1")
    assert UNSEEN in told_last(world)
    clients.session(HOME)

    pass_minutes(world, 2)

    assert "1 open session closed." in told_last(world)
    assert UNSEEN not in told_last(world)
    assert not world.grant().unused


def test_while_other_access_covers_the_address_nothing_is_said(
    set_up: World, clients: Clients
) -> None:
    world = set_up
    open_from(world, HOME, number=1)
    open_from(world, "127.0.0.0/24", number=2)
    clients.session(HOME)
    pass_minutes(world, 1)

    world.types(RITA, "revoke 1")
    pass_minutes(world, 2)

    told = world.told(RITA)
    assert any("stays trusted" in one for one in told)
    assert not any(UNSEEN in one for one in told)
    assert not world.grant(1).unused


@pytest.mark.parametrize("away", ["the server", "the bot"])
def test_where_nobody_could_look_for_a_while_nothing_is_said(set_up: World, away: str) -> None:
    world = set_up
    open_from(world, HOME)
    pass_minutes(world, 1)
    login = dict(world.session_logins)
    if away == "the server":
        world.session_logins = {NAME: AWAY}
        world.restart()
        pass_minutes(world, 4)
        world.session_logins = login
        world.restart()
    else:
        world.restart(minutes=5)
    pass_minutes(world, 2)

    world.types(RITA, "revoke 1")
    pass_minutes(world, 2)

    assert "firewall rule removed." in told_last(world)
    assert UNSEEN not in told_last(world)
    assert not world.grant().unused


def test_of_access_that_was_open_before_it_was_set_up_nothing_is_said(
    storage: Storage, postgresql: PostgresServer, clients: Clients
) -> None:
    with World(storage) as world:
        open_from(world, HOME)
        world.session_logins = {NAME: SecretStr(login_of(postgresql, *RIGHTS))}
        world.govern(POLICY)
        pass_minutes(world, 3)

        world.types(RITA, "revoke 1")
        pass_minutes(world, 2)

        assert UNSEEN not in told_last(world)
        assert not world.grant().unused


def test_each_server_is_asked_once_a_minute_however_much_is_open(
    set_up: World, clients: Clients, asked: list[str]
) -> None:
    world = set_up
    for number, address in enumerate((HOME, CAFE, "127.0.0.4"), start=1):
        open_from(world, address, number=number)
    clients.session(CAFE)
    pass_minutes(world, 1)
    asked.clear()

    for _ in range(12):
        world.pass_time(seconds=10)

    assert asked == ["0.0.0.0/0"] * 2
    seen = [bool(row and row.seen_at) for row in (known(world, number) for number in (1, 2, 3))]
    assert seen == [False, True, False]


def test_a_server_that_is_away_delays_no_other_and_is_logged_once(
    storage: Storage, postgresql: PostgresServer, clients: Clients, capsys: Any
) -> None:
    other = "DBACCESS_SESSIONS_ANALYTICS"
    two = {
        "orders": {"id": ORDERS, "sessions": {"url_env": NAME}},
        "analytics": {"id": ANALYTICS, "sessions": {"url_env": other}},
    }
    world = World(storage, policy(two))
    world.session_logins = {NAME: SecretStr(login_of(postgresql, *RIGHTS)), other: AWAY}
    with world:
        open_from(world, HOME)
        world.granted("request 203.0.113.9 1h analytics")
        pass_minutes(world, 5)

        row = known(world)
        assert row is not None
        assert row.looked_at == world.clock.now()
    [logged] = [one for one in capsys.readouterr().out.splitlines() if "usage unknown" in one]
    assert "cluster=analytics" in logged


def test_where_it_is_not_set_up_nobody_looks_and_nothing_is_kept(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_sessions, "connect", None)
    world.granted("request 203.0.113.9 1h orders")
    pass_minutes(world, 3)

    assert known(world) is None
    with world.service.components.database.reading() as session:
        assert session.exec(select(JobRow).where(JobRow.kind == Kind.USAGE)).all() == []


def test_of_a_source_without_addresses_nothing_is_said(
    storage: Storage, postgresql: PostgresServer, asked: list[str]
) -> None:
    kinds = {"source_types": ["ip_addr", "k8s"], "sessions": {"url_env": NAME}}
    world = World(storage, policy({"orders": {"id": ORDERS, **kinds}}))
    world.session_logins = {NAME: SecretStr(login_of(postgresql, *RIGHTS))}
    with world:
        world.digitalocean.add_kubernetes_cluster("production", K8S)
        world.granted(f"request k8s:{K8S} 1h orders")
        assert world.grant().state is GrantState.ACTIVE
        pass_minutes(world, 3)

        world.types(ALICE, "revoke 1")
        pass_minutes(world, 2)

        assert asked == []
        assert "Open connections may stay." in told_last(world)
