"""More time: by a form or in one line, with a reason, decided like any request."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.scenarios.forms import extends, filled_in, offered, presses_extend
from tests.scenarios.world import ADMINS, ALICE, APPROVALS, BOB, OSCAR, RITA, World, policy

Worlds = Callable[[dict[str, Any]], World]


def hears(world: World, user: str, words: str) -> None:
    """The answer comes from another thread."""
    world.eventually(lambda: any(words in told for told in world.whispered(user)))


def test_p4_a_press_on_extend_asks_nobody_for_anything_yet(world: World) -> None:
    world.granted()
    before = len(world.slack.messages(APPROVALS))

    form = presses_extend(world, world.slack.dms(RITA)[-1])

    assert filled_in(form, "length") == "1h"
    assert world.rows()["RequestRow"] == 1
    assert len(world.slack.messages(APPROVALS)) == before


def test_the_form_asks_for_the_time_and_the_reason_that_were_chosen(world: World) -> None:
    world.granted()

    answer = extends(
        world, world.slack.dms(RITA)[-1], **{"Extend by": "4h", "Reason": "not done yet"}
    )

    assert answer.errors == {}
    assert world.request(2).duration == timedelta(hours=4)
    assert "#2" in world.whispered(RITA)[-1]
    assert "*4h more*" in world.card.text
    assert "not done yet" in world.card.all_text
    assert world.card.buttons == ["Approve", "Deny"]
    world.presses(ALICE, world.card, "Approve")
    assert world.grant().expires_at - world.grant().approved_at == timedelta(hours=6)


def test_the_form_offers_what_the_policy_leaves(worlds: Worlds) -> None:
    world = worlds(policy(max_duration="2h15m"))
    world.granted()

    form = presses_extend(world, world.slack.dms(RITA)[-1])
    assert offered(form, "length") == ["15m"]
    world.slack.submit(RITA, {})
    world.settle()
    assert world.request(2).duration == timedelta(minutes=15)

    world.presses(ALICE, world.card, "Approve")
    assert "Extend…" not in world.slack.dms(RITA)[-1].buttons
    world.types(RITA, "extend 1 still running")
    hears(world, RITA, "reached its maximum")


def test_an_extension_needs_a_reason_where_requests_do(worlds: Worlds) -> None:
    world = worlds(policy(require_reason=True))
    world.granted()

    assert "requires a reason" in world.types(RITA, "extend 1 1h").text
    presses_extend(world, world.slack.dms(RITA)[-1])
    with pytest.raises(ValueError, match="'Reason' is required"):  # Slack itself asks for it
        world.slack.submit(RITA, {})
    answer = world.slack.submit(RITA, {"Reason": "\N{ZERO WIDTH SPACE}"})
    assert "requires a reason" in answer.errors["reason"]
    assert world.rows()["RequestRow"] == 1

    world.types(RITA, "extend 1 2h because the import hangs")
    assert world.request(2).reason == "because the import hangs"
    assert "because the import hangs" in world.card.all_text


def test_all_that_is_wrong_with_an_extension_is_said_at_once(worlds: Worlds) -> None:
    world = worlds(policy(require_reason=True))
    world.granted()

    for wrong in ("2x", "99h"):
        presses_extend(world, world.slack.dms(RITA)[-1])
        answer = world.slack.submit(
            RITA, {"Custom duration": wrong, "Reason": "\N{ZERO WIDTH SPACE}"}
        )

        assert set(answer.errors) == {"duration", "reason"}
        world.slack.close_modal(RITA)


def test_what_is_wrong_with_the_time_is_said_at_its_field(world: World) -> None:
    world.granted()
    presses_extend(world, world.slack.dms(RITA)[-1])

    answer = world.slack.submit(RITA, {"Custom duration": "9h"})
    assert "at most 8h" in answer.errors["duration"]
    answer = world.slack.submit(RITA, {"Custom duration": "soon"})
    assert "a duration" in answer.errors["duration"]
    assert world.rows()["RequestRow"] == 1


def test_what_changed_since_the_form_was_opened_is_said_in_it(world: World) -> None:
    world.granted()
    presses_extend(world, world.slack.dms(RITA)[-1])
    world.types(ALICE, "revoke 1")

    answer = world.slack.submit(RITA, {})

    assert "has ended" in " ".join(answer.errors.values())


def test_p4_a_form_from_before_a_lost_database_extends_no_other_grant(world: World) -> None:
    world.granted("request 203.0.113.4 30m orders")
    presses_extend(world, world.slack.dms(RITA)[-1])
    world.lose_database(hours=1)
    world.granted("request 203.0.113.77 2h orders")

    answer = world.slack.submit(RITA, {})

    assert "too old" in " ".join(answer.errors.values())
    assert world.rows()["RequestRow"] == 1


def test_extend_without_a_clear_time_opens_the_form_with_what_was_typed(world: World) -> None:
    world.granted()
    world.types(RITA, "extend 1 half an hour")
    form = world.eventually(lambda: world.slack.modal(RITA))
    assert filled_in(form, "duration") == "half an hour"


@pytest.mark.parametrize("approvers", [[ALICE, BOB], [ADMINS]])
def test_p4_somebody_elses_access_is_not_shown_in_the_form(
    worlds: Worlds, approvers: list[str]
) -> None:
    world = worlds(policy(approvers=approvers))
    world.granted()
    if approvers == [ADMINS]:
        world.presses(BOB, world.card, "Approve")

    world.types(OSCAR, "extend 1")
    hears(world, OSCAR, "isn't yours")
    assert world.slack.modal(OSCAR) is None


def test_an_approver_known_by_their_group_gets_the_form(worlds: Worlds) -> None:
    world = worlds(policy(approvers=[ADMINS]))
    world.types(RITA, "request 203.0.113.4 2h orders")
    world.presses(BOB, world.card, "Approve")

    world.types(BOB, "extend 1")
    assert world.eventually(lambda: world.slack.modal(BOB))


def test_a_second_extension_is_not_begun_while_one_waits(world: World) -> None:
    world.granted()
    world.types(RITA, "extend 1 1h")
    world.presses(RITA, world.slack.dms(RITA)[-1], "Extend…")
    hears(world, RITA, "is already requested: #2")
