"""Choosing machines while the API is in trouble, and what Slack would never send."""

from typing import Any

import pytest

from dbaccess_playground.faults import Fault
from tests.scenarios.forms import block, chooses, offered, opened
from tests.scenarios.machines import JOBS, Worlds, picks, with_machines
from tests.scenarios.world import ANALYTICS, APPROVALS, BOB, IP, ORDERS, RITA, policy

NOT_LISTED = "not-listed"

# While DigitalOcean is in trouble.


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault.status(500, target="/v2/droplets", times=None), "DigitalOcean does not answer"),
        (Fault.hang(target="/v2/droplets", times=None), "DigitalOcean does not answer"),
        (Fault.status(403, target="/v2/droplets", times=None), "dbaccess may not list Droplets"),
        (Fault.status(429, target="/v2/droplets", times=None), "DigitalOcean does not answer"),
    ],
    ids=["500", "hangs", "403", "429"],
)
def test_a_list_that_cannot_be_had_says_so_and_does_not_look_empty(
    worlds: Worlds, fault: Fault, words: str
) -> None:
    world = with_machines(worlds, fault)
    picks(world, "droplet")

    (notice,) = world.slack.suggest(RITA, "source")
    assert words in notice["text"]["text"]
    assert "write droplet:ID as a command" in notice["text"]["text"]

    answer = world.slack.submit(RITA, {"source": notice["value"]})
    assert "/dbaccess request droplet:ID" in answer.errors["source:droplet"]
    assert world.rows()["JobRow"] == 0
    world.digitalocean.faults.clear()
    world.slack.close_modal(RITA)


def test_an_old_list_serves_while_the_api_is_away(worlds: Worlds) -> None:
    world = with_machines(worlds)
    picks(world, "droplet")
    assert len(world.slack.suggest(RITA, "source")) == 2
    world.digitalocean.faults.add(Fault.status(500, times=None))

    assert len(world.slack.suggest(RITA, "source")) == 2


def test_a_form_opens_and_a_command_is_answered_while_digitalocean_hangs(worlds: Worlds) -> None:
    world = with_machines(worlds, Fault.hang(times=None, target="/v2/droplets"))
    for _ in range(6):  # more than there are hands for what is done later
        opened(world)
        world.slack.close_modal(RITA)

    world.types(RITA, f"request droplet:{JOBS} 1h analytics numbers")

    assert f"droplet:{JOBS}" in world.card.text
    world.digitalocean.faults.clear()


# What Slack would never send.


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("", "isn't an IP address"),
        ("droplet:", "isn't a Droplet ID"),
        ("droplet:0; DROP TABLE", "isn't a Droplet ID"),
        ("nonsense", "isn't an IP address"),
        (NOT_LISTED, "The list didn't load"),
        ("0.0.0.0/0", "whole internet"),
    ],
)
def test_a_forged_choice_is_refused_at_its_field(worlds: Worlds, value: str, words: str) -> None:
    world = with_machines(worlds)
    picks(world, "droplet")

    answer = world.slack.submit(RITA, {"source": _forged(value)})

    assert words in answer.errors["source:droplet"]
    assert world.slack.messages(APPROVALS) == []
    world.slack.close_modal(RITA)


def test_a_kind_that_the_cluster_does_not_take_is_refused_at_the_source(worlds: Worlds) -> None:
    world = with_machines(worlds)
    picks(world, "droplet")

    answer = world.slack.submit(RITA, {"Cluster": "orders", "source": "nightly-jobs"})

    assert "doesn't take droplet" in answer.errors["source:droplet"]


def test_a_cluster_that_one_may_not_ask_for_is_refused_at_the_cluster(worlds: Worlds) -> None:
    world = with_machines(worlds)
    opened(world)
    for value, words in (("billing", "no cluster"), ("", "no cluster")):
        answer = world.slack.submit(RITA, {"Cluster": _forged(value), "source": IP})
        assert words in answer.errors["cluster"]
    world.govern(
        policy(
            {
                "orders": {"id": ORDERS},
                "analytics": {"id": ANALYTICS, "requesters": [BOB]},
            }
        )
    )

    answer = world.slack.submit(RITA, {"Cluster": "analytics", "source": IP})

    assert "There is no cluster" in answer.errors["cluster"]


@pytest.mark.parametrize("value", ["billing", "orders:analytics", "x" * 200])
def test_a_forged_cluster_or_kind_changes_a_form_into_a_sane_one(
    worlds: Worlds, value: str
) -> None:
    world = with_machines(worlds)
    picks(world, "droplet")
    world.slack.fill_in(RITA, {"Source type": _forged(value)})

    form = chooses(world, "cluster", "analytics")
    assert block(form, "source")["element"]["type"] == "plain_text_input"

    world.slack.fill_in(RITA, {"Cluster": _forged(value)})
    form = chooses(world, "kind", "tag")
    assert offered(form, "cluster") == ["orders", "analytics"]


def _forged(value: str) -> dict[str, Any]:
    return {"text": {"type": "plain_text", "text": "forged"}, "value": value}
