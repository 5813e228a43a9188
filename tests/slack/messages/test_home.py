"""Each state of the Home tab looks as agreed, and Slack would take it."""

import re
from datetime import timedelta
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from bot.domain.lifecycle import GrantState
from bot.slack.messages import HomeTab, home
from dbaccess_playground.slack.block_kit.checker import problems
from dbaccess_playground.slack.controls import controls
from tests.slack.messages.examples import (
    BOB,
    DAVE,
    HOUR,
    MINUTE,
    NOW,
    WORKER,
    adopted,
    emergency,
    extension,
    grant,
    request,
)
from tests.slack.messages.reading import view_as_read

TERMS = {"orders": 8 * HOUR, "billing": 90 * MINUTE}
MANY = [request(id=number, requester=DAVE, duration=8 * HOUR) for number in range(1, 31)]

HOMES = {
    "nothing there": HomeTab(NOW, may_ask=TERMS),
    "nothing there, for somebody on call, where addresses can be read": HomeTab(
        NOW, may_ask=TERMS, emergency=True, finds_ip=True
    ),
    "nothing there, and nothing to ask for": HomeTab(NOW),
    "a guest whom no cluster admits": HomeTab(NOW, is_admitted=False),
    "access to several clusters": HomeTab(
        NOW + 10 * MINUTE,
        grants=[
            grant(cluster="reports", id=18, source=WORKER, source_name="web-1"),
            grant(),
            grant(GrantState.APPLYING, id=19, source=WORKER),
        ],
        requests=[extension()],
        may_ask=TERMS,
    ),
    "access that ends now": HomeTab(NOW + 2 * HOUR - timedelta(seconds=1), grants=[grant()]),
    "a rule on its timer": HomeTab(NOW, grants=[adopted(source_name="office <old>")]),
    "much waits": HomeTab(
        NOW,
        to_decide=[request(requester=DAVE), request(id=18, reason="", requester=DAVE)],
        to_review=[emergency(id=19)],
        may_ask={"orders": 8 * HOUR},
    ),
    "Slack does not say who it is": HomeTab(NOW, requests=[request()], is_whole=False),
    "full": HomeTab(
        NOW,
        to_decide=MANY,
        to_review=[emergency(id=number, requester=DAVE) for number in range(31, 61)],
        grants=[grant(id=number, cluster=f"cluster-{number}") for number in range(61, 91)],
        requests=[request(id=number) for number in range(91, 121)],
        may_ask={f"cluster-{number}": HOUR for number in range(100)},
        is_whole=False,
        emergency=True,
        finds_ip=True,
    ),
}
each_home = pytest.mark.parametrize("tab", HOMES.values(), ids=HOMES.keys())


@each_home
def test_a_home_tab_looks_as_agreed(tab: HomeTab, snapshot: SnapshotAssertion) -> None:
    assert view_as_read(home(tab)) == snapshot


@each_home
def test_slack_takes_a_home_tab(tab: HomeTab) -> None:
    assert problems(home(tab), "home") == []


@each_home
def test_each_row_of_a_home_tab_has_a_name_of_its_own(tab: HomeTab) -> None:
    names = [block["block_id"] for block in home(tab)["blocks"] if "block_id" in block]

    assert len(names) == len(set(names))


@each_home
def test_a_button_of_a_home_tab_carries_what_it_is_about(tab: HomeTab) -> None:
    for control in controls(home(tab)["blocks"]):
        if control.block["block_id"] == "begin":  # they are about nothing that is there yet
            continue
        about = control.block["block_id"].partition(":")[2]
        options: list[dict[str, Any]] = control.element.get("options", [control.element])
        assert {re.split("[@:]", option["value"])[0] for option in options} == {about}


@pytest.mark.parametrize(
    ("left", "shown"),
    [
        (timedelta(seconds=59), "less than a minute"),
        (MINUTE, "1m"),
        (119 * MINUTE + timedelta(seconds=59), "1h59m"),
        (25 * HOUR + MINUTE, "1d1h"),
        (timedelta(days=7), "1w"),
    ],
)
def test_the_time_left_is_never_told_as_longer_than_it_is(left: timedelta, shown: str) -> None:
    tab = HomeTab(NOW, grants=[grant(requester=BOB, expires_at=NOW + left)])

    assert f"*{shown} left*" in str(home(tab)["blocks"])
