"""Many users who request, approve and revoke, on several clusters and web processes."""

import math
import re
import time
from collections.abc import Sequence
from itertools import cycle
from random import Random
from uuid import UUID

from dbaccess_playground.slack.conversations import Message
from tests.processes import Place
from tests.scenarios.world import ALICE, BACKEND, OFFICE, OPERATIONS

PEOPLE = [f"U0CROWD{number}" for number in range(6)]
CLUSTERS = {f"shop{n}": str(UUID(int=0x5E0F_0000 + n)) for n in range(6)}
CHANNELS = {alias: f"C0{alias.upper()}" for alias in CLUSTERS}
_AGAIN_SECONDS = 20  # while a frozen worker holds locks, a press may be refused
CONFIG = f"""
instance = "test"
operators = "{OPERATIONS}"

[defaults]
approvers = ["{ALICE}"]
channel = "{OPERATIONS}"
min_duration = "1s"
warn_before = "1s"
max_open_requests = 1000
max_live_grants = 1000
""" + "".join(
    f'[clusters.{alias}]\nid = "{cluster_id}"\nchannel = "{CHANNELS[alias]}"\n'
    for alias, cluster_id in CLUSTERS.items()
)


def set_up(place: Place) -> None:
    """Give the place the clusters, channels and users."""
    place.configure(CONFIG)
    for alias, cluster_id in CLUSTERS.items():
        place.digitalocean.add_cluster(alias, cluster_id=cluster_id, rules=[OFFICE, BACKEND])
        place.slack.add_channel(CHANNELS[alias], alias)
    for user in PEOPLE:
        place.slack.add_user(user, user[2:].lower())


class Users:
    """They act in turn, through one web process after the other."""

    def __init__(self, place: Place, urls: Sequence[str], *, seed: int) -> None:
        self._place = place
        self._urls = cycle(urls)
        self._rng = Random(seed)  # noqa: S311
        self._pressed: dict[str, float] = {}
        self.requested = 0

    def request_access(self) -> None:
        """Let somebody ask, each time for another address, so that nothing is refused.

        A third is asked for so short a time that it expires; the others are handed back.
        """
        user, alias = self._rng.choice(PEOPLE), self._rng.choice(list(CLUSTERS))
        self.requested += 1
        duration = "30m" if _is_handed_back(self.requested) else f"{self._rng.randint(20, 30)}s"
        text = f"request 203.0.113.{self.requested} {duration} {alias}"
        self._place.slack.bot_url = next(self._urls)
        answer = self._place.slack.command(user, text, channel_id="C0GENERAL")
        assert answer.error is None
        # A frozen worker may hold locks.
        taken = (f"#{self.requested}", "I keep trying")
        assert not answer.text or any(words in answer.text for words in taken), answer.text

    def act_on_messages(self) -> None:
        """Approve what waits, and hand back what works; what stays there is pressed again."""
        for card in self.cards():
            self._press(ALICE, card, "Approve")
        for user in PEOPLE:
            for said in self._place.slack.dms(user):
                works = re.search(r"You can connect.* from 203\.0\.113\.(\d+)", said.text)
                if works is not None and _is_handed_back(int(works[1])):
                    self._press(user, said, "End access")

    def cards(self) -> list[Message]:
        """Return the cards of all requests, as they stand now."""
        return [
            card
            for channel in CHANNELS.values()
            for card in self._place.slack.messages(channel, replies=False)
        ]

    def _press(self, user: str, message: Message, button: str) -> None:
        now = time.monotonic()
        pressed_at = self._pressed.get(message.ts, -math.inf)
        if button not in message.buttons or now < pressed_at + _AGAIN_SECONDS:
            return
        self._pressed[message.ts] = now
        self._place.slack.bot_url = next(self._urls)
        assert self._place.slack.click(user, message, button).error is None


def _is_handed_back(address: int) -> bool:
    return address % 3 != 0
