"""Access whose connections are looked at: a cluster with a login for that, on a real PostgreSQL."""

from bot.store.tables import GrantRow, RequestRow
from tests.scenarios.world import ORDERS, World, policy

NAME = "DBACCESS_SESSIONS_ORDERS"
POLICY = policy({"orders": {"id": ORDERS, "sessions": {"url_env": NAME}}})
RIGHTS = ("pg_signal_backend", "pg_read_all_stats")


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
