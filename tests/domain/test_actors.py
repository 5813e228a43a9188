"""Whoever acts without being a person is named everywhere that people are named."""

import pytest

from bot.domain.actors import Actor
from bot.reporting import wording
from bot.slack.messages.mrkdwn import who


@pytest.mark.parametrize("actor", Actor)
def test_every_actor_has_words_in_messages_and_in_the_report(actor: Actor) -> None:
    assert not who(actor).startswith("`")  # as code: a name that nobody knows
    assert wording.person(actor, lambda name: f"somebody called {name}") != (
        f"somebody called {actor}"
    )
