"""The messages about one grant: few, kept up to date, and new ones where people must notice."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from bot.domain.lifecycle import EndReason, GrantState
from bot.store import job_list
from dbaccess_playground.faults import Fault
from dbaccess_playground.slack.conversations import Message
from tests.scenarios.world import ALICE, APPROVALS, IP, OPERATIONS, ORDERS, RITA, World, policy

Worlds = Callable[[dict[str, Any]], World]

POSTING, CHANGING = "chat.postMessage", "chat.update"
ASKED = f"request {IP} 2h orders fixing the nightly job"
TRUSTED = f"ip_addr:{IP}"
LIVE = {"Connect", "Extend…", "End access", "Remove expiry", "Keep"}


def refusing(error: str, *, target: str = POSTING, times: int | None = 1) -> Fault:
    return Fault.answer(f'{{"ok": false, "error": "{error}"}}', target=target, times=times)


def everything(world: World) -> list[Message]:
    """All messages that are still to be seen, wherever they are."""
    cards = world.slack.messages(APPROVALS, replies=False)
    threads = [reply for card in cards for reply in world.slack.thread(APPROVALS, card.ts)]
    return [*cards, *threads, *world.slack.dms(RITA), *world.slack.messages(OPERATIONS)]


def assert_no_button_is_dead(world: World, *, of_holder: bool = False) -> None:
    messages = world.slack.dms(RITA) if of_holder else everything(world)
    assert {button for message in messages for button in message.buttons} & LIVE == set()


# How many calls of Slack's API


def approve(world: World) -> None:
    world.granted(ASKED)


def until_its_end(world: World) -> None:
    left = world.grant().expires_at - world.clock.now()
    world.pass_time(seconds=left.total_seconds() - 600)
    world.pass_time(minutes=10)
    assert world.grant().state is GrantState.ENDED


def whole(world: World) -> None:
    approve(world)
    until_its_end(world)


def extended(world: World) -> None:
    approve(world)
    world.types(RITA, "extend 1 1h")
    world.presses(ALICE, world.card, "Approve")
    until_its_end(world)


def denied(world: World) -> None:
    world.types(RITA, ASKED)
    world.denies(ALICE, world.card, "not today")


def revoked_by_holder(world: World) -> None:
    approve(world)
    world.types(RITA, "revoke 1")


def revoked_by_another(world: World) -> None:
    approve(world)
    world.types(ALICE, "revoke 1")


@pytest.mark.parametrize(
    ("life", "posts", "changes"),
    [
        (whole, 4, 4),
        (extended, 6, 7),
        (denied, 2, 1),
        (revoked_by_holder, 3, 5),  # her message changes at once, and when it is done
        (revoked_by_another, 4, 4),
    ],
)
def test_one_grant_takes_few_calls(
    world: World, life: Callable[[World], None], posts: int, changes: int
) -> None:
    life(world)

    shown = Counter(c.method for c in world.slack.calls if c.method.startswith("chat."))
    assert shown == {POSTING: posts, CHANGING: changes}
    assert_no_button_is_dead(world)


# Kept up to date


def test_the_holder_has_one_message_and_its_newest_is_about_now(world: World) -> None:
    world.granted(ASKED)
    [works] = world.slack.dms(RITA)
    assert "You can connect" in works.text
    assert f"Approved by <@{ALICE}>" in works.all_text
    assert works.buttons == ["Connect", "Extend…", "End access"]

    world.pass_time(hours=1, minutes=50)
    before, soon = world.slack.dms(RITA)
    assert before.ts == works.ts
    assert "You can connect" not in before.all_text
    assert before.buttons == []
    assert "ends soon" in soon.text
    assert soon.buttons == ["Connect", "Extend…", "End access"]

    world.pass_time(minutes=10)
    _, ended = world.slack.dms(RITA)
    assert ended.ts == soon.ts
    assert "#1 to `orders` has ended" in ended.text.replace("*", "")
    assert_no_button_is_dead(world)


def test_the_thread_has_one_message_for_approvers_and_no_warning(world: World) -> None:
    world.granted(ASKED)
    [works] = world.slack.thread(APPROVALS, world.card.ts)
    assert works.buttons == ["Extend…", "End access"]

    world.pass_time(hours=1, minutes=50)
    assert [words for words in world.thread() if "ends soon" in words] == []
    world.pass_time(minutes=10)

    [ended] = world.slack.thread(APPROVALS, world.card.ts)
    assert ended.ts == works.ts
    assert "has ended" in ended.text
    assert_no_button_is_dead(world)


def test_who_waits_for_an_extension_is_notified_and_the_buttons_go_with_it(world: World) -> None:
    world.granted(ASKED)
    world.types(RITA, "extend 1 1h")
    world.presses(ALICE, world.card, "Approve")

    before, longer = world.slack.dms(RITA)
    assert "extended by 1h" in longer.text
    assert f"Approved by <@{ALICE}>" in longer.all_text
    assert (before.buttons, longer.buttons) == ([], ["Connect", "Extend…", "End access"])
    first_card = world.slack.messages(APPROVALS, replies=False)[0]
    [in_thread] = world.slack.thread(APPROVALS, first_card.ts)
    assert "extended by 1h" in in_thread.text


def test_who_reads_in_the_answer_that_it_lasts_longer_gets_no_other_message(
    worlds: Worlds,
) -> None:
    rule = {"requesters": [RITA], "sources": [f"{IP}/32"], "max_duration": "8h"}
    world = worlds(policy(auto_approve=[rule]))
    world.types(RITA, ASKED)

    answer = world.types(RITA, "extend 1 1h")

    assert "for access #1 to" in answer.text
    [shown] = world.slack.dms(RITA)
    assert "extended by 1h" in shown.text


def test_who_ends_access_by_command_is_answered_there_and_the_message_is_changed(
    world: World,
) -> None:
    world.granted(ASKED)

    answer = world.types(RITA, "revoke 1")

    assert "Ending access #1" in answer.text
    [shown] = world.slack.dms(RITA)
    assert f"was ended* by <@{RITA}>" in shown.text
    assert_no_button_is_dead(world)


@pytest.mark.parametrize("where", ["message", "Home"])
def test_who_ends_access_by_button_sees_it_in_the_message_alone(world: World, where: str) -> None:
    world.granted(ASKED)
    whispered = world.whispered(RITA)

    if where == "Home":
        world.slack.open_home(RITA)
        world.settle()
        home = world.slack.home(RITA)
        assert home is not None
        world.slack.click(RITA, home, "End access")
        world.settle()
    else:
        world.presses(RITA, world.slack.dms(RITA)[-1], "End access")

    [shown] = world.slack.dms(RITA)
    assert f"was ended* by <@{RITA}>" in shown.text
    assert world.whispered(RITA) == whispered
    assert_no_button_is_dead(world)


def test_the_message_says_at_once_that_access_ends_while_digitalocean_is_away(
    world: World,
) -> None:
    world.granted(ASKED)
    world.digitalocean.faults.add(Fault.status(503, times=None))

    world.presses(RITA, world.slack.dms(RITA)[-1], "End access")

    [shown] = world.slack.dms(RITA)
    assert "Ending access #1 to `orders`…" in shown.text
    assert_no_button_is_dead(world, of_holder=True)

    world.digitalocean.faults.clear()
    world.pass_time(minutes=2)
    [shown] = world.slack.dms(RITA)
    assert f"was ended* by <@{RITA}>" in shown.text


def test_who_loses_access_to_somebody_else_is_notified(world: World) -> None:
    world.granted(ASKED)

    world.types(ALICE, "revoke 1")

    before, ended = world.slack.dms(RITA)
    assert "You can connect" not in before.all_text
    assert f"was ended* by <@{ALICE}>" in ended.text
    assert_no_button_is_dead(world)


def test_of_a_recovered_grant_the_operators_have_one_message(world: World) -> None:
    world.granted(ASKED)
    world.lose_database(hours=1)
    recovered = len(world.operators())

    world.pass_time(minutes=50)
    assert "ends soon" in world.operators()[-1]
    world.pass_time(minutes=10)

    assert "has ended" in world.operators()[-1]
    assert len(world.operators()) == recovered + 1
    assert world.slack.messages(OPERATIONS)[-1].buttons == []


# Access that does not open promptly


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (Fault.status(503, times=None), "DigitalOcean returned an error (503)"),
        (Fault.status(401, times=None), "rejects the token"),
        (Fault.status(429, retry_after=60, times=None), "rate limit is reached"),
    ],
    ids=["unavailable", "not authorised", "rate limited"],
)
def test_who_waits_for_access_hears_once_why_and_again_when_it_opens(
    world: World, fault: Fault, why: str
) -> None:
    world.client_waits_for_nothing()
    world.restart()
    world.types(RITA, ASKED)
    world.digitalocean.faults.add(fault)
    world.presses(ALICE, world.card, "Approve")

    [delayed] = world.told(RITA)
    assert "Opening access…" in delayed.replace("*", "")
    assert why in delayed
    world.pass_time(minutes=17)
    assert world.told(RITA) == [delayed]

    world.digitalocean.faults.clear()
    for _ in range(6):
        world.pass_time(minutes=1)
    before, works = world.slack.dms(RITA)
    assert "Opening access…" not in before.all_text
    assert "You can connect" in works.text
    assert "opened late, 1h4" in works.text
    [in_thread] = world.thread()
    assert " is open* until" in in_thread


def test_nine_minutes_of_errors_are_told_within_seconds_and_what_is_left_when_it_opens(
    world: World,
) -> None:
    world.types(RITA, "request 203.0.113.4 1h orders fixing the nightly job")
    world.digitalocean.faults.add(Fault.status(500, times=None))
    approved_at = world.clock.now()
    world.presses(ALICE, world.card, "Approve")

    [delayed] = world.slack.dms(RITA)
    assert "Opening access…" in delayed.text
    assert delayed.buttons == ["End access"], "there is nothing to extend or to connect to yet"
    assert (world.clock.now() - approved_at).total_seconds() <= 10
    world.pass_time(minutes=9)
    world.digitalocean.faults.clear()
    world.pass_time(seconds=40)

    before, opened = world.slack.dms(RITA)
    assert before.buttons == []
    assert "opened late, 50m" in opened.text
    assert opened.buttons == ["Connect", "Extend…", "End access"]


def test_access_that_opens_at_once_is_told_once(world: World) -> None:
    world.granted(ASKED)
    [told] = world.told(RITA)
    assert "You can connect" in told
    assert "opened late" not in told


def test_access_that_never_opened_is_told_in_the_end(world: World) -> None:
    world.types(RITA, ASKED)
    world.digitalocean.faults.add(Fault.status(503, times=None))
    world.presses(ALICE, world.card, "Approve")
    world.pass_time(hours=2)
    world.digitalocean.faults.clear()
    for _ in range(6):
        world.pass_time(minutes=1)

    assert world.grant().end_reason is EndReason.FAILED
    assert "could not be opened" in world.told(RITA)[-1]
    assert not any("Opening access…" in told for told in world.told(RITA))


# Slack refuses


def test_an_end_reaches_somebody_whom_the_good_news_did_not(world: World) -> None:
    world.types(RITA, ASKED)
    world.slack.click(ALICE, world.card, "Approve")
    world.slack.faults.add(refusing("messages_tab_disabled", times=2))  # in the thread, and to her
    world.settle()
    assert world.told(RITA) == []
    operators = len(world.operators())

    world.pass_time(hours=2)

    assert "has ended" in world.told(RITA)[-1]
    assert len(world.operators()) == operators
    assert_no_button_is_dead(world)
    with world.service.components.database.transaction() as session:
        lost = job_list.given_up(session, world.clock.now())
        retried = [job_list.retry(session, job.id, world.clock.now()) for job in lost]
    assert retried == [0, 0], "that it works is not told after its end"


def test_a_message_that_is_gone_is_posted_anew_at_the_end(world: World) -> None:
    world.granted(ASKED)
    world.types(RITA, "revoke 1")
    world.granted(ASKED)
    world.slack.faults.add(refusing("message_not_found", target=CHANGING, times=None))

    world.types(RITA, "revoke 2")

    world.slack.faults.clear()
    assert "#2 to `orders` was ended" in world.told(RITA)[-1].replace("*", "")
    assert world.operators() == []
    assert ("message.undelivered", "dbaccess") not in world.audited()


def test_an_outdated_message_that_cannot_be_changed_troubles_nobody(world: World) -> None:
    world.granted(ASKED)
    world.slack.faults.add(refusing("channel_not_found", target=CHANGING, times=1))

    world.pass_time(hours=1, minutes=50)

    assert "ends soon" in world.told(RITA)[-1]
    assert world.operators() == []


def test_what_happened_while_slack_was_away_is_told_as_it_is_then(world: World) -> None:
    world.types(RITA, ASKED)
    world.slack.click(ALICE, world.card, "Approve")
    world.slack.faults.add(Fault.status(503, target="chat.", times=None))
    world.settle()
    for _ in range(13):
        world.pass_time(minutes=10)
    assert TRUSTED not in world.sources()

    world.slack.faults.clear()
    world.pass_time(minutes=2)
    [told] = world.told(RITA)
    [in_thread] = world.thread()
    assert "has ended" in told
    assert "has ended" in in_thread


# The cards above


def test_the_cards_say_that_access_ended_early_and_who_ended_it(world: World) -> None:
    world.granted(ASKED)
    world.types(RITA, "extend 1 1h")
    world.presses(ALICE, world.card, "Approve")
    assert "for access #1 to `orders`, until" in world.card.text

    world.types(ALICE, "revoke 1")

    for card in world.slack.messages(APPROVALS, replies=False):
        assert f"Ended early by <@{ALICE}>" in card.text
        assert "until" not in card.text


def test_the_card_says_that_access_was_removed_outside(world: World) -> None:
    world.granted(ASKED)
    world.pass_time(minutes=2)
    world.digitalocean.terraform_apply(ORDERS, [("ip_addr", "198.51.100.7"), ("tag", "backend")])
    world.pass_time(minutes=5)

    assert "Ended early, removed outside dbaccess" in world.card.text


def test_a_card_stays_as_it_is_when_access_ends_at_its_time(world: World) -> None:
    world.granted(ASKED)
    before = world.card.text
    until_its_end(world)

    assert world.card.text == before


def test_who_gets_less_than_asked_reads_how_much_less_and_by_whom(world: World) -> None:
    world.granted(ASKED)
    world.types(RITA, "extend 1 1h")
    world.slack.click(ALICE, world.card, "Shorten…", value=shorter(world, "30m"))
    world.settle()

    longer = world.slack.dms(RITA)[-1]
    assert "extended by 30m* of the 1h you asked for" in longer.text
    assert f"Approved by <@{ALICE}>" in longer.all_text


def shorter(world: World, duration: str) -> str:
    """The value of the option that approves for less."""
    [row] = [block for block in world.card.blocks if block["type"] == "actions"]
    [menu] = [one for one in row["elements"] if one["type"] == "static_select"]
    options = {one["text"]["text"]: one["value"] for one in menu["options"]}
    return str(options[f"Approve for {duration}"])
