from collections.abc import Iterator

import pytest

from dbaccess_playground.slack.sandbox import SandboxSlack
from tests.playground.slack.small_bot import ALICE, CHANNEL, Bot, form, small_bot, small_slack


@pytest.fixture
def slack() -> Iterator[SandboxSlack]:
    with small_slack() as sandbox:
        yield sandbox


@pytest.fixture
def bot(slack: SandboxSlack) -> Iterator[Bot]:
    with small_bot(slack) as bot:
        yield bot


@pytest.fixture
def at_end_no_problems(slack: SandboxSlack, bot: Bot) -> Iterator[None]:
    yield
    assert slack.problems == []


healthy = pytest.mark.usefixtures("at_end_no_problems")


@healthy
def test_a_form_is_filled_in_by_label_and_option_text(slack: SandboxSlack, bot: Bot) -> None:
    slack.command(ALICE, "form", channel_id=CHANNEL)
    slack.wait_until(lambda: slack.modal(ALICE))
    answer = slack.submit(ALICE, {"Cluster": "Users", "source": "203.0.113.4", "Droplet": "Web-1"})

    values = bot.seen[-1]["view"]["state"]["values"]
    assert answer.errors == {}
    assert values["cluster"]["entered"]["selected_option"]["value"] == "users"
    assert values["source"]["entered"] == {"type": "plain_text_input", "value": "203.0.113.4"}
    assert values["droplet"]["entered"]["selected_option"]["text"]["text"] == "Web-1"
    assert slack.modal(ALICE) is None


@healthy
def test_a_refused_form_stays_open_with_what_was_entered(slack: SandboxSlack, bot: Bot) -> None:
    slack.command(ALICE, "form", channel_id=CHANNEL)
    slack.wait_until(lambda: slack.modal(ALICE))
    bot.ack = {"response_action": "errors", "errors": {"source": "not an address"}}
    answer = slack.submit(ALICE, {"Cluster": "Users", "Address": "::1"})
    assert answer.errors == {"source": "not an address"}

    bot.ack = {"response_action": "clear"}
    slack.submit(ALICE, {"Address": "203.0.113.4"})
    values = bot.seen[-1]["view"]["state"]["values"]
    assert values["cluster"]["entered"]["selected_option"]["value"] == "users"
    assert slack.modal(ALICE) is None


@healthy
def test_a_form_can_be_answered_with_another(slack: SandboxSlack, bot: Bot) -> None:
    slack.command(ALICE, "form", channel_id=CHANNEL)
    slack.wait_until(lambda: slack.modal(ALICE))
    first = {"Cluster": "Users", "Address": "203.0.113.4"}
    bot.ack = {"response_action": "update", "view": form(private_metadata="2")}
    slack.submit(ALICE, first)
    updated = slack.modal(ALICE)
    bot.ack = {"response_action": "push", "view": form(private_metadata="3")}
    slack.submit(ALICE)
    pushed = slack.modal(ALICE)
    slack.close_modal(ALICE)

    assert updated is not None
    assert pushed is not None
    assert [updated["private_metadata"], pushed["private_metadata"]] == ["2", "3"]
    assert pushed["previous_view_id"] == updated["id"]
    assert slack.modal(ALICE) == updated


@healthy
def test_slack_itself_holds_back_an_incomplete_form(slack: SandboxSlack, bot: Bot) -> None:
    slack.command(ALICE, "form", channel_id=CHANNEL)
    slack.wait_until(lambda: slack.modal(ALICE))

    with pytest.raises(ValueError, match="'Cluster' is required; 'Address' takes 0 to 20"):
        slack.submit(ALICE, {"Address": "x" * 21})
    with pytest.raises(LookupError, match="no option 'Billing'"):
        slack.submit(ALICE, {"Cluster": "Billing"})
    with pytest.raises(LookupError, match="0 fields called 'Reason'"):
        slack.submit(ALICE, {"Reason": "because"})
    with pytest.raises(LookupError, match="no modal open"):
        slack.submit("U0BOB", {})


@healthy
def test_menus_in_a_form_are_chosen_from_at_once(slack: SandboxSlack, bot: Bot) -> None:
    slack.command(ALICE, "form", channel_id=CHANNEL)
    view = slack.wait_until(lambda: slack.modal(ALICE))
    assert view is not None

    slack.click(ALICE, view, "Help")
    assert bot.seen[-1]["actions"][0]["selected_option"]["value"] == "help"
    slack.click(ALICE, view, "colleague", value=ALICE)
    assert bot.seen[-1]["actions"][0]["selected_user"] == ALICE
    assert bot.seen[-1]["container"] == {"type": "view", "view_id": view["id"]}


@healthy
def test_an_external_select_is_asked_while_somebody_types(slack: SandboxSlack, bot: Bot) -> None:
    slack.command(ALICE, "form", channel_id=CHANNEL)
    slack.wait_until(lambda: slack.modal(ALICE))

    with pytest.raises(LookupError, match="no option 'Mail-1'"):
        slack.submit(ALICE, {"Droplet": "Mail-1"})
    assert [one["value"] for one in slack.suggest(ALICE, "Droplet", "db")] == ["db-1"]


@healthy
def test_what_an_external_select_offered_can_be_chosen_without_asking_again(
    slack: SandboxSlack, bot: Bot
) -> None:
    slack.command(ALICE, "form", channel_id=CHANNEL)
    slack.wait_until(lambda: slack.modal(ALICE))
    slack.suggest(ALICE, "Droplet", "db")
    asked = len(bot.seen)

    slack.fill_in(ALICE, {"Droplet": "db-1"})
    slack.fill_in(ALICE, {"Droplet": "db-1"})

    assert len(bot.seen) == asked


@healthy
@pytest.mark.parametrize(("text", "hears"), [("form, tell me", True), ("form", False)])
def test_closing_is_told_to_a_bot_that_asked_for_it(
    slack: SandboxSlack, bot: Bot, text: str, hears: bool
) -> None:
    slack.command(ALICE, text, channel_id=CHANNEL)
    slack.wait_until(lambda: slack.modal(ALICE))

    assert (slack.close_modal(ALICE) is not None) == hears
    assert (bot.seen[-1].get("type") == "view_closed") == hears
    assert slack.modal(ALICE) is None


def test_errors_for_a_field_that_is_not_there_are_written_down(
    slack: SandboxSlack, bot: Bot
) -> None:
    slack.command(ALICE, "form", channel_id=CHANNEL)
    slack.wait_until(lambda: slack.modal(ALICE))
    bot.ack = {"response_action": "errors", "errors": {"reason": "too short"}}
    slack.submit(ALICE, {"Cluster": "Users", "Address": "203.0.113.4"})

    assert slack.problems == ["submission of 'ask': errors for no field: {'reason'}"]
