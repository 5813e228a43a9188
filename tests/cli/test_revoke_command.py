"""`dbaccess revoke` and `dbaccess web`: what is wrong is said in one line, with the next step."""

import socket
from pathlib import Path

import pytest

from bot.clock import SystemClock
from bot.store import requests
from bot.store.database import Database
from tests.cli.test_command_line import run
from tests.domain import examples
from tests.reporting.conftest import CONFIG


@pytest.fixture
def database(empty_database: Database, tmp_path: Path) -> Database:
    (tmp_path / "dbaccess.toml").write_text(CONFIG)
    return empty_database


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("option", [(), ("--cluster-gone",)])
def test_access_that_is_not_open_names_the_command_that_lists_what_is(
    option: tuple[str, ...],
) -> None:
    refused = run("revoke", "17", *option)

    assert refused.exit_code == 1
    assert refused.output == "No open access #17. `dbaccess grants` lists them.\n"


def test_a_request_is_no_access_yet(database: Database) -> None:
    now = SystemClock().now()
    with database.transaction() as session:
        requests.add(session, examples.request(id=requests.NEXT, created_at=now))

    refused = run("revoke", "1")

    assert refused.exit_code == 1
    assert "#1 is a request, not open yet." in refused.output


@pytest.mark.usefixtures("database")
def test_a_port_that_is_taken_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused = run("web", HOST="127.0.0.1", PORT=str(port))

    assert refused.exit_code == 1
    assert f"Can't open 127.0.0.1:{port}: Address already in use.\n" in refused.output
