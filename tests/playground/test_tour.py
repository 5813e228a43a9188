"""The tour: a step is ticked once it has been done, and not when its text is in the composer."""

from typing import Any

import requests

from dbaccess_playground.demo.company import ALICE, APPROVALS, BOB, GENERAL, RITA
from dbaccess_playground.demo.stage import playing
from dbaccess_playground.demo.tour import FIRST_COMMAND, STEPS
from tests.waiting import eventually


class _Page:
    def __init__(self, url: str) -> None:
        self._url = url

    def state(self, person: str) -> Any:
        return requests.get(f"{self._url}/api/state", params={"person": person}, timeout=30).json()

    def act(self, what: str, **body: Any) -> None:
        requests.post(f"{self._url}/api/{what}", json=body, timeout=30).raise_for_status()

    def types(self, command: str) -> None:
        text = command.removeprefix("/dbaccess ")
        self.act("command", person=RITA, channel=GENERAL, text=text)

    def approves(self, person: str) -> None:
        """Press the first button of the newest card."""
        channels = self.state(person)["channels"]
        card = next(one for one in channels if one["id"] == APPROVALS)["messages"][-1]
        button = next(
            element
            for block in card["blocks"]
            for element in block.get("elements", [])
            if element["type"] == "button"
        )
        where = {"channel": APPROVALS, "ts": card["ts"]}
        self.act("press", person=person, name=button["action_id"], value=button["value"], **where)

    def has_done(self, steps: int) -> None:
        wanted = [number < steps for number in range(len(STEPS))]
        eventually(lambda: self.state(RITA)["steps_done"] == wanted)

    def has_card(self) -> bool:
        channels = self.state(ALICE)["channels"]
        return any(one["id"] == APPROVALS and one["messages"] for one in channels)


def test_each_step_is_done_when_the_bot_has_it_on_record() -> None:
    with playing() as playground:
        page = _Page(playground.url)
        page.has_done(0)
        page.types(FIRST_COMMAND)
        eventually(page.has_card)
        page.has_done(1)
        page.approves(ALICE)
        page.has_done(2)
        page.approves(BOB)
        page.has_done(3)
        page.act("clock", rate=3600)
        page.has_done(4)


def test_access_by_written_policy_is_another_story() -> None:
    with playing() as playground:
        page = _Page(playground.url)
        page.types("/dbaccess request 198.51.100.20 1h analytics a report")
        eventually(lambda: "198.51.100.20" in str(page.state(RITA)["clusters"]))
        page.has_done(1)
