"""The start check: a process that runs logs what `dbaccess check` would report, and works on."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from bot.checks.start_check import StartCheck
from bot.config import Settings, parse_policy
from bot.core import build_provider
from bot.domain.policy import Policy
from bot.providers.base import BudgetSpent, Provider, Purpose
from dbaccess_playground.faults import Fault
from tests.checks.operator_folder import Operator
from tests.scenarios.world import ALICE, ORDERS, policy
from tests.waiting import eventually


def settings_of(operator: Operator) -> Settings:
    return Settings(
        _env_file=None,  # type: ignore[call-arg]  # pydantic-settings takes it
        slack_bot_token=SecretStr(operator.slack.bot_token),
        slack_signing_secret=SecretStr("a-signing-secret"),
        slack_api_url=operator.slack.api_url,
        digitalocean_token=SecretStr(operator.digitalocean.token),
        digitalocean_api_url=operator.digitalocean.url,
    )


@pytest.fixture
def settings(operator: Operator) -> Settings:
    return settings_of(operator)


@pytest.fixture
def provider(settings: Settings) -> Iterator[Provider]:
    provider = build_provider(settings)
    yield provider
    provider.close()


BY_ALICE = parse_policy(policy({"orders": {"id": ORDERS}}, approvers=[ALICE]))


def checked(
    settings: Settings, provider: Provider, written: Policy = BY_ALICE, **how: float
) -> list[Any]:
    """Return what is logged until the check is over."""
    check = StartCheck(settings, written, provider, after_seconds=0, **how)
    with capture_logs() as logs:
        check.start()
        eventually(
            lambda: any(one["event"] in ("start checked", "start check failed") for one in logs)
        )
    return logs


def test_where_all_is_in_order_one_line_says_so(settings: Settings, provider: Provider) -> None:
    [line] = checked(settings, provider)

    assert line["event"] == "start checked"
    assert (line["log_level"], line["faults"], line["complete"]) == ("info", 0, True)
    assert line["hints"] >= 1


def test_each_fault_is_logged_with_its_remedy(
    operator: Operator, settings: Settings, provider: Provider
) -> None:
    operator.slack.scopes.discard("users:read")
    operator.digitalocean.remove_cluster(ORDERS)

    *faults, summary = checked(settings, provider)

    assert {one["what"] for one in faults} >= {"slack scopes", "cluster orders"}
    assert {(one["event"], one["log_level"]) for one in faults} == {
        ("start check found a fault", "warning")
    }
    assert any("correct its id" in one["problem"] for one in faults)
    assert summary["faults"] == len(faults)


def test_members_of_groups_are_not_looked_up_each(
    operator: Operator, settings: Settings, provider: Provider
) -> None:
    """Many processes may start at once, and people need these calls."""
    operator.slack.add_group("S0ADMINS", "admins", [ALICE, "U0RITA"])
    written = parse_policy(policy({"orders": {"id": ORDERS}}, approvers=["S0ADMINS"]))

    assert checked(settings, provider, written)[-1]["faults"] == 0
    assert not [call for call in operator.slack.calls if call.method == "users.info"]


def test_it_ends_when_its_time_is_up(settings: Settings, provider: Provider) -> None:
    assert checked(settings, provider, within_seconds=0)[-1]["complete"] is False


def test_a_bug_in_it_is_logged_and_ends_nothing_else(
    settings: Settings, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(provider), "read_rules", lambda *_: 1 / 0)

    assert checked(settings, provider)[-1]["event"] == "start check failed"


def test_p3_it_spends_no_call_that_is_kept_for_an_end(
    operator: Operator, settings: Settings
) -> None:
    def before_call(purpose: Purpose) -> None:
        assert purpose is not Purpose.ENDS
        raise BudgetSpent("nothing left", retry_after=1)

    provider = build_provider(settings, before_call=before_call)

    [line] = checked(settings, provider)

    assert line["faults"] == 0
    assert not operator.digitalocean.calls


def test_stopped_in_time_it_asks_nobody(
    operator: Operator, settings: Settings, provider: Provider
) -> None:
    check = StartCheck(settings, BY_ALICE, provider, after_seconds=600)
    check.start()
    [thread] = [one for one in threading.enumerate() if one.name == "start-check"]

    check.stop()
    thread.join()

    assert not operator.slack.calls


def test_a_process_is_ready_whatever_its_start_check_waits_for(operator: Operator) -> None:
    place = operator.place
    place.slack.faults.add(Fault.hang(target="auth.test", times=None))
    try:
        process = place.serve()
        eventually(lambda: process.said("start checked"))
        [fault] = process.said("start check found a fault")
        assert "no answer in time" in str(fault["problem"])
        assert process.terminate() == 0
    finally:
        for one in place.processes:
            one.kill()
