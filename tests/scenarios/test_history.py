"""history: the last decisions and grants, everybody's for approvers, else one's own."""

from collections.abc import Callable
from typing import Any

from bot.domain.actors import Actor
from dbaccess_playground.faults import Fault
from dbaccess_playground.slack.conversations import Message
from tests.scenarios.world import (
    ADMINS,
    ALICE,
    ANALYTICS,
    BOB,
    IP,
    ORDERS,
    OSCAR,
    RITA,
    World,
    policy,
)

Worlds = Callable[[dict[str, Any]], World]
OTHER_IP = "203.0.113.5"
BOTH = {
    "orders": {"id": ORDERS},
    "analytics": {"id": ANALYTICS, "approvers": [BOB], "requesters": [RITA, BOB]},
}


def history(world: World, user: str, text: str = "history") -> str:
    """Let somebody read the history up; return the page, whether it comes at once or later."""
    before = len(world.slack.ephemerals(user))
    world.types(user, text)

    def page() -> str:
        said = [shown(one) for one in world.slack.ephemerals(user)[before:]]
        return said[0] if said else ""

    return world.eventually(page)


def shown(message: Message) -> str:
    """What the blocks of a message say."""
    texts = [[block.get("text"), *block.get("elements", ())] for block in message.blocks]
    return "\n".join(text["text"] for part in texts for text in part if text)


def lines(page: str) -> list[str]:
    """The entries of a page, the newest first, each without its bullet."""
    return [line[2:] for line in page.split("\n") if line.startswith("• ")]


def test_it_tells_how_each_request_came_to_its_end(world: World) -> None:
    world.granted(f"request {IP} 1h orders invoice 88")
    world.pass_time(hours=1)
    world.granted(f"request {IP} 2h orders")
    world.types(ALICE, "revoke 2")
    world.types(RITA, f"request {IP} 1h orders")
    world.denies(BOB, world.card, "use the replica")
    world.types(RITA, f"request {IP} 1h orders")
    world.types(RITA, "cancel 4")
    world.types(RITA, f"request {IP} 1h orders")
    world.pass_time(hours=4)
    world.granted(f"request {IP} 3h orders")

    told = lines(history(world, RITA))

    assert [line.split()[0] for line in told] == [f"*#{number}*" for number in range(6, 0, -1)]
    live, lapsed, withdrawn, denied, revoked, expired = told
    assert f"approved by <@{ALICE}>" in live
    assert "open until" in live
    assert "undecided" in lapsed
    assert "cancelled" in withdrawn
    assert f"denied by <@{BOB}>" in denied
    assert "`use the replica`" in denied
    assert f"ended by <@{ALICE}>" in revoked
    assert "(expired)" in expired
    assert "`invoice 88`" in expired
    assert f"<@{RITA}>, `orders`, {IP}, *1h*" in expired


def test_an_extension_that_expired_since_its_access_ended_says_so(world: World) -> None:
    world.granted(f"request {IP} 2h orders")
    world.types(RITA, "extend 1 1h")
    world.types(ALICE, "revoke 1")
    world.pass_time(minutes=1)

    extension = lines(history(world, RITA))[0]

    assert f"<@{RITA}>, *1h more* for access #1" in extension
    assert "access #1 ended first" in extension
    assert "undecided" not in extension


def test_what_still_waits_for_a_decision_is_no_history(world: World) -> None:
    world.types(RITA, f"request {IP} 1h orders")

    assert "No decisions yet" in history(world, RITA)


def test_it_tells_of_extensions_emergencies_and_adoptions(worlds: Worlds) -> None:
    glass = {"requesters": [RITA], "max_duration": "30m"}
    world = worlds(policy({"orders": {"id": ORDERS, "emergency": glass}}))
    world.granted()
    world.types(RITA, "extend 1 1h")
    world.presses(ALICE, world.card, "Approve")
    world.types(RITA, f"emergency {OTHER_IP} 30m orders all is locked")
    world.eventually(lambda: world.slack.modal(RITA))
    world.slack.submit(RITA, {})
    world.settle()
    world.adopts(ALICE, "adopt orders 198.51.100.7 1w")

    adoption, emergency, extension, _ = lines(history(world, BOB))

    assert "(*1w*)" in adoption
    assert "*emergency*" in emergency
    assert "needs review" in emergency
    assert "*1h more* for access #1" in extension
    world.presses(BOB, world.slack.messages("C0APPROVALS", replies=False)[-2], "Mark reviewed")
    assert f"reviewed by <@{BOB}>" in lines(history(world, BOB))[1]


def test_it_tells_of_grants_that_were_recovered_or_removed_outside(world: World) -> None:
    world.granted()
    world.lose_database(minutes=1)
    assert world.grants()[0].requester == Actor.UNKNOWN

    [recovered] = lines(history(world, ALICE))
    assert "recovered from its rule's label" in recovered

    world.pass_time(minutes=2)
    world.digitalocean.replace_rules(
        ORDERS, [r for r in world.digitalocean.rules(ORDERS) if r["value"] != IP]
    )
    world.pass_time(minutes=10)
    [removed] = lines(history(world, ALICE))
    assert "removed outside dbaccess" in removed


def test_approvers_see_everybodys_and_others_their_own(world: World) -> None:
    world.granted()
    world.granted(f"request {OTHER_IP} 1h orders", to=OSCAR)

    alices, ritas = history(world, ALICE), history(world, RITA)

    assert len(lines(alices)) == 2
    assert "Everyone on `orders`" in alices
    assert len(lines(ritas)) == 1
    assert OTHER_IP not in ritas
    assert "Only your own" in ritas


def test_an_approver_of_one_cluster_sees_their_own_on_the_others(worlds: Worlds) -> None:
    world = worlds(policy(BOTH))
    world.granted(f"request {IP} 1h orders")
    world.types(RITA, f"request {OTHER_IP} 1h analytics")
    world.presses(BOB, world.card, "Approve")

    alices, bobs = history(world, ALICE), history(world, BOB)

    assert len(lines(bobs)) == 2
    assert len(lines(alices)) == 1
    assert "analytics" not in alices


def test_the_history_of_one_cluster_holds_nothing_of_another(worlds: Worlds) -> None:
    world = worlds(policy(BOTH))
    world.granted(f"request {IP} 1h orders")
    world.types(RITA, f"request {OTHER_IP} 1h analytics")
    world.presses(BOB, world.card, "Approve")

    bobs = history(world, BOB, "history analytics")

    assert len(lines(bobs)) == 1
    assert "Recent requests on `analytics`" in bobs
    assert "Everyone on `analytics` (you approve it)" in bobs
    assert "Only your own" in history(world, RITA, "history ORDERS")


def test_the_history_of_a_cluster_is_for_those_who_may_ask_for_it_or_decide(
    worlds: Worlds,
) -> None:
    world = worlds(policy(BOTH))

    assert "There is no cluster" in history(world, OSCAR, "history analytics")


def test_an_unknown_cluster_is_refused_with_the_nearest(world: World) -> None:
    assert "Did you mean `orders`?" in world.types(RITA, "history ordres").text


def test_a_member_of_an_approving_group_sees_everybodys(worlds: Worlds) -> None:
    world = worlds(policy(approvers=[ALICE, ADMINS]))
    world.granted()

    assert len(lines(history(world, BOB))) == 1
    assert "No decisions yet" in history(world, OSCAR)


def test_p4_nobody_sees_what_is_others_while_slack_does_not_say_who_they_are(
    world: World,
) -> None:
    world.granted()
    world.pass_time(minutes=5)
    world.forget(ALICE)
    world.slack.faults.add(Fault.status(503, target="users.info", times=None))

    page = history(world, ALICE)

    assert "Slack didn't confirm your rights" in page
    assert IP not in page


def test_it_holds_the_last_twenty(world: World) -> None:
    for number in range(1, 26):
        world.slack.command(RITA, f"request 203.0.113.{number} 1h", channel_id="C0GENERAL")
        world.slack.command(RITA, f"cancel {number}", channel_id="C0GENERAL")

    told = lines(history(world, RITA))

    assert len(told) == 20
    assert told[0].startswith("*#25*")
    assert told[-1].startswith("*#6*")


def test_reading_it_changes_nothing(world: World) -> None:
    world.granted()
    history(world, ALICE)
    before = world.rows()

    history(world, ALICE)

    assert world.rows() == before
