"""What is logged while something is worked on says what that is, by the same names everywhere."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import structlog

from dbaccess_playground.faults import Fault
from tests.scenarios.world import ALICE, IP, ORDERS, RITA, World

Logged = Callable[[], str]


def entries(said: str) -> list[dict[str, Any]]:
    """Return the log entries in what was written."""
    return [json.loads(line) for line in said.splitlines() if line.startswith("{")]


def of(said: str, event: str) -> dict[str, Any]:
    """Return the last entry of that event."""
    return [entry for entry in entries(said) if entry["event"] == event][-1]


def test_a_reconcile_names_the_cluster_whether_it_succeeds_or_not(
    world: World, logged: Logged
) -> None:
    world.granted()
    assert of(logged(), "reconciled")["cluster"] == "orders"

    world.digitalocean.faults.add(Fault.status(500, times=None))
    world.types(RITA, "revoke 1")

    failed = of(logged(), "reconcile failed")
    assert failed["cluster"] == "orders"
    assert ORDERS not in {key: value for key, value in failed.items() if key != "error"}.values()


def test_a_message_names_what_it_is_about(world: World, logged: Logged) -> None:
    world.slack.faults.add(Fault.status(503, target="chat.", times=None))
    world.types(RITA, f"request {IP} 2h orders")

    entry = of(logged(), "job rescheduled")
    assert (entry["request"], entry["cluster"]) == (1, "orders")
    assert entry["job_id"] > 0


def test_a_deferred_command_names_itself_where_it_came_from_and_the_request(
    world: World, logged: Logged
) -> None:
    world.types(RITA, f"request {IP} 2h orders")
    world.slack.faults.add(Fault.status(503, target="users.info", times=None))
    world.presses(ALICE, world.card, "Approve")

    entry = of(logged(), "job rescheduled")
    assert (entry["kind"], entry["request"]) == ("command", 1)
    assert entry["origin"].startswith("press:")
    assert len(entry["reference"]) == 8


def test_what_one_job_bound_does_not_stick_to_the_next(world: World, logged: Logged) -> None:
    world.slack.faults.add(Fault.status(503, target="chat.", times=None))
    world.types(RITA, f"request {IP} 2h orders")
    assert "job rescheduled" in logged()
    structlog.get_logger().info("something else")
    assert set(of(logged(), "something else")) == {"event", "level", "timestamp"}


def test_the_reference_that_a_person_is_told_is_that_of_all_entries_of_the_interaction(
    world: World, logged: Logged, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = world.service.components.database
    monkeypatch.setattr(database, "reading", lambda: 1 / 0)  # a fault of ours
    told = world.slack.command(RITA, "list", channel_id="C0GENERAL").text
    monkeypatch.undo()

    entry = of(logged(), "interaction failed")
    assert entry["reference"] in told


def test_what_is_answered_later_has_the_reference_of_the_interaction(
    world: World, logged: Logged
) -> None:
    world.slack.faults.add(Fault.status(500, target="views.open", times=None))
    world.types(RITA, "request")
    entry = world.eventually(
        lambda: [e for e in entries(logged()) if e["event"] == "form not opened"]
    )[0]
    assert len(entry["reference"]) == 8
