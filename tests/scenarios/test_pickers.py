"""Machines are chosen by name, and only by those who may ask for access from there."""

import pytest

from bot.domain.lifecycle import RequestState
from bot.domain.sources import SourceType
from dbaccess_playground.faults import Fault
from tests.scenarios.forms import block, chooses, filled_in, holds, opened, shown
from tests.scenarios.machines import (
    APP,
    JOBS,
    KUBERNETES,
    MACHINES,
    Worlds,
    picks,
    texts,
    with_machines,
)
from tests.scenarios.world import ADMINS, ALICE, ANALYTICS, BOB, IP, ORDERS, RITA, World, policy


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        ("droplet", "nightly-jobs", f"droplet:{JOBS}"),
        ("k8s", "shop-production", f"k8s:{KUBERNETES}"),
        ("tag", "reporting", "tag:reporting"),
        ("app", "invoice-portal", f"app:{APP}"),
    ],
)
def test_a_machine_is_chosen_by_its_name_and_the_approvers_read_it(
    worlds: Worlds, kind: str, name: str, value: str
) -> None:
    world = with_machines(worlds)
    picks(world, kind)

    answer = world.slack.submit(RITA, {"source": name, "Reason": "numbers"})
    world.settle()

    assert answer.errors == {}
    assert value in world.card.text
    assert name in world.card.text
    world.presses(ALICE, world.card, "Approve")
    assert value in world.sources(ANALYTICS)


def test_a_request_for_a_machine_ends_like_any_other(worlds: Worlds) -> None:
    world = with_machines(worlds)
    picks(world, "droplet")
    world.slack.submit(RITA, {"source": "nightly-jobs"})
    world.settle()
    world.presses(ALICE, world.card, "Approve")
    assert world.request().state is RequestState.APPROVED

    world.pass_time(hours=1)

    assert f"droplet:{JOBS}" not in world.sources(ANALYTICS)


def test_machines_are_searched_by_name_and_by_id(worlds: Worlds) -> None:
    world = with_machines(worlds)
    picks(world, "droplet")

    assert texts(world.slack.suggest(RITA, "source")) == ["nightly-jobs", "shop-web-1"]
    assert texts(world.slack.suggest(RITA, "source", "web")) == ["shop-web-1"]
    assert texts(world.slack.suggest(RITA, "source", str(JOBS))) == ["nightly-jobs"]
    assert texts(world.slack.suggest(RITA, "source", f"droplet:{JOBS}")) == ["nightly-jobs"]
    assert world.slack.suggest(RITA, "source", "zzz") == []


def test_a_name_too_long_for_slack_is_cut_and_a_tag_that_slack_could_not_send_is_left_out(
    worlds: Worlds,
) -> None:
    world = with_machines(worlds)
    world.digitalocean.add_tag("a" * 100)
    world.digitalocean.add_tag("b" * 200)
    world.restart()
    picks(world, "tag")

    options = world.slack.suggest(RITA, "source")

    assert texts(options) == ["a" * 74 + "…", "reporting"]
    assert options[0]["value"] == "tag:" + "a" * 100


def test_the_source_is_asked_for_as_its_kind_wants(worlds: Worlds) -> None:
    world = with_machines(worlds)
    form = picks(world, "droplet")
    assert shown(form)[:3] == ["cluster", "kind:analytics", "source:droplet"]
    assert block(form, "source")["element"]["placeholder"]["text"] == "Search Droplets"

    assert block(chooses(world, "kind", "ip_addr"), "source")["element"]["type"] == (
        "plain_text_input"
    )


def test_what_was_filled_in_stays_when_another_kind_is_chosen(worlds: Worlds) -> None:
    world = with_machines(worlds)
    opened(world)
    chooses(world, "cluster", "analytics")
    values = {"source": IP, "Reason": "numbers", "Duration": "30m", "Custom duration": "95m"}
    world.slack.fill_in(RITA, values)

    form = chooses(world, "kind", "tag")
    kept = {"reason": "numbers", "length": "30m", "duration": "95m"}
    assert {name: holds(form, name) for name in kept} == kept
    assert holds(form, "source") == ""

    assert holds(chooses(world, "kind", "ip_addr"), "source") == IP


def test_a_choice_stays_where_the_next_cluster_takes_it_too(worlds: Worlds) -> None:
    world = with_machines(worlds)
    picks(world, "droplet")
    world.slack.fill_in(RITA, {"source": "nightly-jobs"})

    form = chooses(world, "cluster", "orders")
    assert block(form, "source")["element"]["type"] == "plain_text_input"
    assert "kind" not in [one.partition(":")[0] for one in shown(form)]

    form = chooses(world, "cluster", "analytics")
    assert filled_in(form, "kind") == "ip_addr"


def test_a_cluster_of_one_kind_of_machine_asks_for_that_alone(worlds: Worlds) -> None:
    world = with_machines(worlds, only="tag")
    opened(world)

    form = chooses(world, "cluster", "analytics")

    assert shown(form)[:2] == ["cluster", "source:tag"]
    assert texts(world.slack.suggest(RITA, "source")) == ["reporting"]


def test_a_command_that_names_a_machine_opens_the_form_with_it(worlds: Worlds) -> None:
    world = with_machines(worlds)
    form = opened(world, f"request droplet:{JOBS} 2h why not say so now")
    assert filled_in(form, "source") == f"droplet:{JOBS}"

    form = chooses(world, "cluster", "analytics")
    assert filled_in(form, "kind") == "droplet"
    assert holds(form, "source") == f"droplet:{JOBS}"

    world.slack.submit(RITA)
    world.settle()
    assert "nightly-jobs" in world.card.text


def test_a_typed_command_carries_the_name_that_people_know(worlds: Worlds) -> None:
    world = with_machines(worlds)
    name_of = world.service.components.catalogue.name_of
    world.eventually(lambda: name_of(SourceType.DROPLET, str(JOBS)))

    world.types(RITA, f"request droplet:{JOBS} 1h analytics numbers")
    assert "nightly-jobs" in world.card.text


# Who is told the names.


def test_names_are_told_only_to_who_may_ask_from_there(worlds: Worlds) -> None:
    """Slack signs the question, but the form of somebody else's cluster may still be open."""
    world = with_machines(worlds)
    picks(world, "droplet")
    world.govern(
        policy(
            {
                "orders": {"id": ORDERS},
                "analytics": {"id": ANALYTICS, "source_types": MACHINES, "requesters": [BOB]},
            }
        )
    )

    assert world.slack.suggest(RITA, "source", "web") == []


def test_a_member_of_the_group_is_asked_for_patience_until_slack_has_said_so(
    worlds: Worlds,
) -> None:
    world = with_machines(worlds, requesters=[ADMINS])
    picks(world, "droplet", by=BOB)
    world.restart()  # nothing is remembered of anybody
    world.slack.faults.add(Fault.status(500, target="usergroups.list"))

    offers = world.slack.suggest(BOB, "source")
    assert texts(offers) == ["Slack is being asked what you may choose: try again"]

    found = world.eventually(lambda: _names(world, BOB))
    assert found == ["nightly-jobs", "shop-web-1"]


def test_who_has_left_the_group_is_told_no_names(worlds: Worlds) -> None:
    world = with_machines(worlds, requesters=[ADMINS])
    picks(world, "droplet", by=BOB)
    world.slack.set_group_members(ADMINS, [])
    world.restart()

    world.eventually(lambda: world.slack.suggest(BOB, "source") == [])


def _names(world: World, by: str) -> list[str] | None:
    found = texts(world.slack.suggest(by, "source"))
    return found if "nightly-jobs" in found else None
