"""/metrics tells what became of sessions at the end of access, and where they cannot be closed."""

import pytest
from pydantic import SecretStr

from tests.postgresql import PostgresServer
from tests.scenarios.connected import NAME, POLICY, RIGHTS, open_from
from tests.scenarios.observing import scrape
from tests.scenarios.test_usage import AWAY, pass_minutes
from tests.scenarios.world import ALICE, World
from tests.sessions.clients import CAFE, HOME, Clients, login_of
from tests.storage import Storage

ENDS, FAILING = "dbaccess_session_ends_total", "dbaccess_session_ends_failing"


@pytest.mark.both_databases
def test_sessions_at_the_end_of_access_are_counted(
    storage: Storage, postgresql: PostgresServer, clients: Clients
) -> None:
    world = World(storage, POLICY)
    world.session_logins = {NAME: SecretStr(login_of(postgresql, *RIGHTS))}
    with world:
        pass_minutes(world, 1)
        open_from(world, HOME, number=1)
        open_from(world, CAFE, number=2)
        sessions = [clients.session(HOME), clients.session(HOME), clients.session(HOME, "boss")]
        pass_minutes(world, 1)
        before = scrape(world)
        assert before(ENDS, cluster="orders", outcome="closed") == 0
        assert before("dbaccess_grants_unused_total", cluster="orders") == 0

        for number in (1, 2):
            world.types(ALICE, f"revoke {number}")
        pass_minutes(world, 2)

        told = scrape(world)
        assert len(sessions) == 3
        assert told(ENDS, cluster="orders", outcome="closed") == 2
        assert told(ENDS, cluster="orders", outcome="refused") == 1
        assert told("dbaccess_grants_unused_total", cluster="orders") == 1
        assert told(FAILING, cluster="orders") == 0


def test_sessions_that_cannot_be_closed_are_counted_until_they_are(
    storage: Storage, postgresql: PostgresServer, clients: Clients
) -> None:
    world = World(storage, POLICY)
    world.session_logins = {NAME: AWAY}
    with world:
        open_from(world, HOME)
        world.types(ALICE, "revoke 1")
        pass_minutes(world, 3)
        failing = scrape(world)
        assert failing(FAILING, cluster="orders") == 1
        assert failing(f"{FAILING}_seconds", cluster="orders") == 180

        world.session_logins = {NAME: SecretStr(login_of(postgresql, *RIGHTS))}
        world.restart()
        pass_minutes(world, 3)

        over = scrape(world)
        assert over(FAILING, cluster="orders") == 0
        assert over(f"{FAILING}_seconds", cluster="orders") == 0
