"""A long story for an auditor, with each thing that a report names; counted by hand."""

from datetime import datetime
from typing import Any

from sqlmodel import select

from bot.store import clusters
from bot.store.tables import RequestRow
from dbaccess_playground.faults import Fault
from tests.scenarios.world import (
    ALICE,
    ANALYTICS,
    APPROVALS,
    BOB,
    IP,
    OFFICE,
    ORDERS,
    OSCAR,
    RITA,
    World,
    policy,
)

ONCALL = "S0ONCALL"
HOSTILE = "</td><script>alert(1)</script>{{ 7 * 7 }} $x^2$ & more"
STORY_POLICY: dict[str, Any] = policy(
    {
        "orders": {
            "id": ORDERS,
            "approvals": 2,
            "emergency": {"requesters": [ONCALL], "max_duration": "30m"},
        },
        "analytics": {
            "id": ANALYTICS,
            "self_approval": True,
            "auto_approve": [
                {"requesters": [RITA], "sources": ["198.51.100.0/24"], "max_duration": "1h"}
            ],
        },
    }
)


def tell(world: World) -> datetime:
    """Let it all happen; return when what the new database knows of began.

    Requests are counted here in the order that they were made; on PostgreSQL their numbers have
    gaps, for one that is refused has taken its number already.

    #1 is recovered. #2 is extended by #3 and is late at its end. #4 is denied, #5 lapses, #6 is
    withdrawn. #7 approves herself, #8 is approved by written policy. #9 and #10 are emergencies,
    of which one is reviewed. #11 is removed outside and goes on as #12. #13 is adopted.
    """
    world.slack.add_group(ONCALL, "on-call", [RITA, OSCAR])
    world.types(RITA, "request 203.0.113.40 8h orders lost with the database")
    _approved(world, ALICE, BOB)
    world.lose_database(minutes=10)
    began = world.clock.now()
    _late_after_an_extension(world)
    _come_to_nothing(world)
    _approved_without_others(world)
    _emergencies(world)
    _put_back(world)
    world.adopts(BOB, "adopt analytics 198.51.100.7 1w")
    _cut_off(world)
    world.pass_time(minutes=1)
    return began


def numbers(world: World) -> list[int]:
    """Return the numbers of all requests, in the order that they were made."""
    with world.service.components.database.reading() as session:
        return sorted(number or 0 for number in session.exec(select(RequestRow.id)))


def _approved(world: World, *approvers: str, after_minutes: float = 0) -> None:
    for approver in approvers:
        world.pass_time(minutes=after_minutes)
        world.presses(approver, world.card, "Approve")


def _late_after_an_extension(world: World) -> None:
    """#2: two hours and one more; DigitalOcean is away for half an hour at the end."""
    world.types(RITA, f"request {IP} 2h orders {HOSTILE}")
    _approved(world, ALICE, BOB, after_minutes=5)
    world.types(RITA, f"extend {world.grants()[-1].id} 1h")
    _approved(world, ALICE, BOB, after_minutes=10)
    world.pass_time(hours=2, minutes=30)
    world.digitalocean.faults.add(Fault.status(404, times=None, target=ORDERS))
    for _ in range(8):
        world.pass_time(minutes=5)
    world.digitalocean.faults.clear()
    world.pass_time(minutes=5)


def _come_to_nothing(world: World) -> None:
    world.types(OSCAR, "request 203.0.113.50 1h orders may I")
    world.pass_time(minutes=30)
    world.denies(BOB, world.card, "use the replica")
    world.types(OSCAR, "request 203.0.113.50 1h analytics may I")
    world.pass_time(hours=4)
    world.types(OSCAR, "request 203.0.113.50 1h analytics may I")
    world.types(OSCAR, f"cancel {numbers(world)[-1]}")


def _approved_without_others(world: World) -> None:
    world.types(ALICE, "request 203.0.113.60 1h analytics month's end")
    _approved(world, ALICE, after_minutes=2)
    own = numbers(world)[-1]
    world.types(RITA, "request 198.51.100.20 1h analytics from the office")
    world.pass_time(minutes=30)
    world.types(ALICE, f"revoke {own}")
    world.pass_time(hours=1)


def _emergencies(world: World) -> None:
    for person, address in ((RITA, "203.0.113.4"), (OSCAR, "203.0.113.50")):
        world.types(person, f"emergency {address} 30m orders everything is locked")
        _sends_the_form(world, person)
        if person == RITA:
            world.presses(OSCAR, world.card, "Mark reviewed")  # who has no right to
            world.presses(BOB, world.card, "Mark reviewed")
    world.pass_time(minutes=31)


def _sends_the_form(world: World, person: str) -> None:
    world.eventually(lambda: world.slack.modal(person))
    world.slack.submit(person, {})
    world.settle()


def _put_back(world: World) -> None:
    world.types(OSCAR, "request 203.0.113.70 4h analytics the yearly numbers")
    _approved(world, ALICE, after_minutes=20)
    world.pass_time(minutes=5)
    world.digitalocean.terraform_apply(ANALYTICS, [("ip_addr", str(OFFICE["value"]))])
    world.pass_time(minutes=5)
    world.presses(OSCAR, world.slack.dms(OSCAR)[-1], "Put back")


def _cut_off(world: World) -> None:
    """An attempt is killed, and a channel is gone when a message is due."""
    with world.service.components.database.transaction() as session:
        clusters.note_attempt(session, ORDERS, world.clock.now())
    world.slack.add_channel(APPROVALS, "db-approvals", is_archived=True)
    world.types(RITA, "request 203.0.113.80 1h orders")
    world.pass_time(hours=1)
    world.slack.add_channel(APPROVALS, "db-approvals")
