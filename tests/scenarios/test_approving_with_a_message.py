"""`Approve…`: an approval with a message to the requester, perhaps for less time."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.audit_actions import Action
from bot.domain.lifecycle import RequestState, Verdict
from dbaccess_playground.faults import Fault
from dbaccess_playground.slack.conversations import Message
from tests.scenarios.deciding import asked, assert_refused
from tests.scenarios.forms import Json, offered
from tests.scenarios.test_pressing import copied
from tests.scenarios.world import ADMINS, ALICE, BOB, IP, OSCAR, RITA, World, policy

Worlds = Callable[[dict[str, Any]], World]
WORD = "Please use the replica"


def opens(world: World, card: Message, user: str = ALICE) -> Json:
    """Choose `Approve…` in the card's menu; return the form."""
    world.slack.click(user, card, "Approve…")
    return world.eventually(lambda: world.slack.modal(user))


def approves(world: World, user: str = ALICE, **fields: str) -> None:
    world.slack.submit(user, fields)
    world.settle()


def test_an_approver_may_add_a_message(world: World) -> None:
    opens(world, asked(world))

    approves(world, Message=WORD)

    [decision] = world.request().decisions
    assert (decision.approver, decision.verdict, decision.reason) == (ALICE, Verdict.APPROVE, WORD)
    assert decision.at_most is None
    assert f"ip_addr:{IP}" in world.sources()


def test_the_message_is_read_on_the_card_and_by_the_requester_and_audited(world: World) -> None:
    opens(world, asked(world))

    approves(world, Message=f"{WORD} <!here>")

    told = f"\n“{WORD} &lt;!here&gt;”"
    assert f"approved* by <@{ALICE}>" in world.card.text
    assert told in world.card.text
    assert f"Approved by <@{ALICE}>{told}" in world.told(RITA)[-1]
    assert WORD not in world.thread()[-1], "the card above says it"
    [approved] = world.audit_rows(Action.APPROVED)
    assert approved.detail["reason"] == f"{WORD} <!here>"


def test_the_message_may_be_left_out_and_the_time_be_shorter(world: World) -> None:
    form = opens(world, asked(world))
    assert offered(form, "duration") == ["900", "1800", "3600", "as-asked"]

    approves(world, Duration="1h")

    assert world.request().decisions[0].reason == ""
    assert world.grant().expires_at - world.grant().approved_at == timedelta(hours=1)


def test_opening_the_form_decides_nothing(world: World) -> None:
    opens(world, asked(world))
    world.slack.close_modal(ALICE)
    world.settle()

    assert world.request().state is RequestState.PENDING


def test_a_rule_added_manually_is_not_offered_to_go_sooner(worlds: Worlds) -> None:
    world = worlds(policy(approvals=2))
    world.adopts(ALICE, "adopt orders 198.51.100.7 1d the office moves")

    form = opens(world, world.card, BOB)

    assert [one for one in form["blocks"] if one["block_id"] == "duration"] == []


@pytest.mark.parametrize("button", ["Approve…", "Deny"])
def test_p4_both_forms_say_what_the_card_says(worlds: Worlds, button: str) -> None:
    world = worlds(policy(approvals=2))
    world.adopts(ALICE, "adopt orders 198.51.100.7 1d the office moves")

    world.slack.click(BOB, world.card, button)
    said = str(world.eventually(lambda: world.slack.modal(BOB))["blocks"])

    assert "requests an expiry for *198.51.100.7* on `orders` (added manually)" in said
    assert "removed after 1d." in said
    assert "the office moves" in said


@pytest.mark.parametrize("button", ["Approve…", "Deny"])
def test_p4_both_forms_name_what_is_unusual(world: World, button: str) -> None:
    world.slack.click(ALICE, asked(world), button)
    said = str(world.eventually(lambda: world.slack.modal(ALICE))["blocks"])

    assert f"*New address* for <@{RITA}>" in said


@pytest.mark.parametrize("button", ["Approve…", "Deny"])
def test_the_first_press_after_a_start_shows_an_approver_of_a_group_the_request(
    worlds: Worlds, button: str
) -> None:
    world = worlds(policy(approvers=[ADMINS], requesters=[RITA]))
    card = asked(world)
    world.restart()

    world.slack.click(BOB, card, button)
    form = world.eventually(lambda: world.slack.modal(BOB))

    assert IP in str(form["blocks"])


def test_p4_who_may_not_approve_sees_and_decides_nothing(worlds: Worlds) -> None:
    world = worlds(policy(requesters=[RITA]))
    form = opens(world, asked(world), OSCAR)
    assert IP not in str(form)
    assert "duration" not in {one["block_id"] for one in form["blocks"]}

    approves(world, OSCAR, Message=WORD)

    assert_refused(world, OSCAR, "approver")


def test_p4_a_form_opened_from_a_copy_of_the_card_decides_nothing(world: World) -> None:
    card = asked(world)

    opens(world, copied(world, card))
    approves(world, Message=WORD)

    assert world.request().state is RequestState.PENDING


def test_a_message_that_is_too_long_is_not_taken_by_slack(world: World) -> None:
    opens(world, asked(world))
    with pytest.raises(ValueError, match="takes 0 to 500 characters"):
        world.slack.submit(ALICE, {"Message": "x" * 501})
    world.slack.close_modal(ALICE)


def test_a_form_that_slack_does_not_open_says_so(world: World) -> None:
    card = asked(world)
    world.slack.faults.add(Fault.status(500, target="views.open"))

    world.slack.click(ALICE, card, "Approve…")

    said = world.eventually(lambda: world.whispered(ALICE)[-1:])
    assert "Nothing was changed" in said[0]
