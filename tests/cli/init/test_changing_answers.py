"""`dbaccess init`: an answer changed before anything is written."""

import pytest

from bot.config import load_policy, load_settings
from tests.cli.init.newcomer import Newcomer


def test_no_at_the_end_leads_to_the_answer_that_is_to_change(newcomer: Newcomer) -> None:
    terminal = newcomer.sits_down(
        **{"Write this": ["n", "y"], "Change step": ["9", "5"], "Longest": ["3 weeks", "4h"]},
        **{"must agree": ["2", ""], "Who may request": ["", ""]},
    )

    assert "Type a number from 1 to 5, or none." in terminal.shown
    orders = load_policy(newcomer.policy_file).clusters["orders"]
    assert (str(orders.max_duration), orders.approvals) == ("4:00:00", 2)
    assert len(newcomer.slack.messages("C0APPROVALS")) == 1
    assert len([one for one in terminal.asked if "Token" in one]) == 2, "each was pasted once"


def test_the_next_run_can_change_an_answer_and_keeps_a_secret_unseen(newcomer: Newcomer) -> None:
    newcomer.stops(**{"Write this": "n"})

    terminal = newcomer.sits_down(
        **{"Write this": ["n", "y"], "Change step": "3", "API token": "", "Which of these": "1"},
    )

    assert "API token, Enter keeps it" in terminal.shown
    assert newcomer.no_secret_in(terminal.shown)
    assert load_settings().digitalocean_token.get_secret_value() == newcomer.digitalocean.token


def test_an_answer_of_the_environment_is_changed_there(
    newcomer: Newcomer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIGITALOCEAN_TOKEN", newcomer.digitalocean.token)

    terminal = newcomer.sits_down(
        **{"Write this": ["n", "y"], "Change step": "3", "Which of these": ["orders", "orders"]},
        **{"What people call": ["", ""]},
    )

    assert "digitalocean_token comes from DIGITALOCEAN_TOKEN in the environment." in terminal.shown
