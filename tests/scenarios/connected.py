"""Access whose connections are looked at: a cluster with a login for that, on a real PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pydantic import SecretStr

from bot.store.tables import GrantRow, RequestRow
from tests.postgresql import PostgresServer
from tests.scenarios.world import ORDERS, World, policy
from tests.sessions.clients import login_of
from tests.storage import Storage

NAME = "DBACCESS_SESSIONS_ORDERS"
POLICY = policy({"orders": {"id": ORDERS, "sessions": {"url_env": NAME}}})
RIGHTS = ("pg_signal_backend", "pg_read_all_stats")


@contextmanager
def looked_at(
    storage: Storage, server: PostgresServer, written: dict[str, Any] = POLICY
) -> Iterator[World]:
    """Have a world in which *server* is that of `orders`, and Slack finds no fault in it."""
    made = World(storage, written)
    made.session_logins = {NAME: SecretStr(login_of(server, *RIGHTS))}
    with made:
        yield made
        assert made.slack.problems == []


def open_from(world: World, address: str, number: int = 1, *, hours: int = 1) -> None:
    """Have access be open from there, as if that was what had been asked for and approved."""
    asked = f"203.0.113.{number}"
    world.granted(f"request {asked} {hours}h orders")
    [rule] = [one for one in world.digitalocean.rules(ORDERS) if one["value"] == asked]
    world.digitalocean.add_rule(ORDERS, "ip_addr", address, rule["description"])
    with world.service.components.database.transaction() as session:
        for row in (session.get_one(RequestRow, number), session.get_one(GrantRow, number)):
            row.source_value = address
            session.add(row)
    world.digitalocean.remove_rule(ORDERS, "ip_addr", asked)
