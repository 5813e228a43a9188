"""Many users who request, approve and revoke, on several clusters and web processes."""

import re
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
        self._pressed: set[str] = set()
        self.requested = 0

    def request_access(self) -> None:
        """Let somebody ask, each time for another address, so that nothing is refused."""
        user, alias = self._rng.choice(PEOPLE), self._rng.choice(list(CLUSTERS))
        self.requested += 1
        text = f"request 203.0.113.{self.requested} {self._rng.randint(8, 14)}s {alias}"
        self._place.slack.bot_url = next(self._urls)
        answer = self._place.slack.command(user, text, channel_id="C0GENERAL")
        assert answer.error is None
        # A frozen worker may hold locks.
        taken = (f"#{self.requested}", "I keep trying")
        assert not answer.text or any(words in answer.text for words in taken), answer.text

    def act_on_messages(self) -> None:
        """Approve what waits, and give back a few of those that work; each is pressed once."""
        for card in self.cards():
            self._press_once(ALICE, card, "Approve")
        for user in PEOPLE:
            for said in self._place.slack.dms(user):
                number = re.search(r"You can connect[^#]*Access #(\d+)", said.text)
                if number is not None and int(number[1]) % 3 == 0:
                    self._press_once(user, said, "End access")

    def cards(self) -> list[Message]:
        """Return the cards of all requests, as they stand now."""
        return [
            card
            for channel in CHANNELS.values()
            for card in self._place.slack.messages(channel, replies=False)
        ]

    def _press_once(self, user: str, message: Message, button: str) -> None:
        if button in message.buttons and message.ts not in self._pressed:
            self._pressed.add(message.ts)
            self._place.slack.bot_url = next(self._urls)
            assert self._place.slack.click(user, message, button).error is None
