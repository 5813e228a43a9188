"""Every form of a URL reaches the engine and the listener alike."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.database_url import database_url
from bot.store.database import Database
from bot.store.signals import Listener, signal
from tests.postgresql import PostgresServer, free_port
from tests.waiting import eventually

Form = Callable[[PostgresServer, str, int], str]
PASSWORD = "p@ss:w/or?d%#"
QUOTED = "p%40ss%3Aw%2For%3Fd%25%23"


def several(server: PostgresServer, name: str, dead: int, more: str = "") -> str:
    hosts = f"host=127.0.0.1:{dead}&host=127.0.0.1:{server.port}"
    return f"postgresql://postgres@/{name}?{hosts}{more}"


FORMS: dict[str, Form] = {
    "one host": lambda s, n, _: f"postgresql://postgres@127.0.0.1:{s.port}/{n}",
    "postgres://": lambda s, n, _: f"postgres://postgres@127.0.0.1:{s.port}/{n}",
    "psycopg": lambda s, n, _: f"postgresql+psycopg://postgres@127.0.0.1:{s.port}/{n}",
    "several hosts, one of them dead": several,
    "the other way of writing them": lambda s, n, dead: (
        f"postgresql://postgres@/{n}?host=127.0.0.1,127.0.0.1&port={dead},{s.port}"
    ),
    "one host behind the question mark": lambda s, n, _: (
        f"postgresql://postgres@/{n}?host=127.0.0.1:{s.port}"
    ),
    "what a host must be": lambda s, n, dead: several(
        s, n, dead, "&target_session_attrs=read-write"
    ),
    "encryption": lambda s, n, dead: several(s, n, dead, "&sslmode=prefer&gssencmode=disable"),
    "settings": lambda s, n, _: (
        f"postgresql://postgres@127.0.0.1:{s.port}/{n}?application_name=dbaccess&connect_timeout=2"
        "&options=-c%20search_path%3Dpublic"
    ),
    "a password": lambda s, n, _: f"postgresql://bot:{QUOTED}@127.0.0.1:{s.port}/{n}",
    "a password behind the question mark": lambda s, n, _: (
        f"postgresql://127.0.0.1:{s.port}/{n}?user=bot&password={QUOTED}"
    ),
    "a socket": lambda s, n, _: f"postgresql://postgres@/{n}?host={s.folder}&port={s.port}",
    "a socket, and the port in its place": lambda s, n, _: (
        f"postgresql://postgres@:{s.port}/{n}?host={s.folder}"
    ),
    "a socket whose folder has colons": lambda s, n, _: (
        f"postgresql://postgres@/{n}?host={s.folder}/project:region:name&port={s.port}"
    ),
    "an address without a name": lambda s, n, _: (
        f"postgresql://postgres@/{n}?hostaddr=127.0.0.1&port={s.port}"
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_engine_and_listener_are_reached_however_the_database_is_written(
    postgresql: PostgresServer, form: str
) -> None:
    name = postgresql.database().rpartition("/")[2]
    postgresql.login("bot", PASSWORD)
    colons = Path(postgresql.folder) / "project:region:name"
    if not colons.exists():
        colons.symlink_to(postgresql.folder)
    database = Database(database_url(FORMS[form](postgresql, name, free_port())))
    woken, listens = threading.Event(), threading.Event()
    listener = Listener(database, woken.set, lambda is_open: listens.set() if is_open else None)
    listener.start()
    try:
        with database.reading() as session:
            assert session.execute(text("SELECT current_database()")).scalar() == name
        eventually(listens.is_set)
        woken.clear()
        signal(database)
        eventually(woken.is_set)
    finally:
        listener.stop()
        database.close()


def test_of_several_hosts_the_one_that_takes_writes_is_used(postgresql: PostgresServer) -> None:
    name = postgresql.database().rpartition("/")[2]
    with postgresql.standby() as standby:
        url = f"postgresql://postgres@/{name}?host=127.0.0.1:{standby.port}"
        database = Database(database_url(f"{url}&host=127.0.0.1:{postgresql.port}"))
        woken = threading.Event()
        listener = Listener(database, woken.set)
        listener.start()
        try:
            eventually(woken.is_set)
            with database.transaction() as session:
                session.execute(text("CREATE TABLE written (by_us int)"))
        finally:
            listener.stop()
            database.close()
