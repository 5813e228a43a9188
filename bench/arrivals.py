"""Requests that arrive at a constant rate, whatever becomes of those before them.

A request's time counts from when it should have been sent. Whoever waits for one answer before
asking for the next hides how long all the others would have had to wait.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from time import perf_counter, sleep

from bench.company import alias
from bench.seeding import address, person
from dbaccess_playground.demo.company import GENERAL
from dbaccess_playground.slack.conversations import Channel
from dbaccess_playground.slack.dispatch import Answer, Dispatcher, EnvelopeType
from dbaccess_playground.slack.payloads import Payloads
from dbaccess_playground.slack.people import Person
from dbaccess_playground.slack.socket_mode import SocketModeServer

_AT_ONCE = 128


class Typist:
    """Types `/dbaccess …` in the name of many people, straight at the bot's door."""

    def __init__(self, url: str, signing_secret: str, *, team_id: str, root: str) -> None:
        self._dispatcher = Dispatcher(signing_secret, SocketModeServer())
        self._dispatcher.bot_url, self._dispatcher.ack_seconds = url, 60
        self._payloads = Payloads(team_id)
        self._team_id = team_id
        self._root = root
        self._numbers = count(1)

    def request(self, clusters: int) -> Answer:
        """Ask for an address that nobody has asked for yet."""
        number = next(self._numbers)
        return self.types(f"request {address(number)} 2h {alias(number % clusters + 1)}", number)

    def types(self, text: str, number: int | None = None) -> Answer:
        """Type something."""
        number = number or next(self._numbers)
        payload = self._payloads.command(
            Person(person(number), f"person-{number}", self._team_id),
            Channel(GENERAL, "general"),
            command="/dbaccess",
            text=text,
            response_url=f"{self._root}/commands/{number}",
            trigger_id=f"trigger-{id(self)}-{number}",
        )
        return self._dispatcher.deliver(EnvelopeType.COMMAND, payload)

    def close(self) -> None:
        """Close the connections."""
        self._dispatcher.close()


def open_loop(
    send: Callable[[], Answer], *, per_second: float, seconds: float
) -> tuple[list[float], int]:
    """Send at that rate; return how long each took from its due time, and how many failed."""
    began = perf_counter() + 0.1
    due = [began + number / per_second for number in range(round(per_second * seconds))]

    def wait_and_send(at: float) -> tuple[float, bool]:
        sleep(max(at - perf_counter(), 0))
        answer = send()
        return perf_counter() - at, answer.status == 200

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        done = list(pool.map(wait_and_send, due))
    return [took for took, _ in done], sum(not well for _, well in done)


def in_turns(senders: dict[str, Callable[[], Answer]], times: int) -> dict[str, list[float]]:
    """Send one by one, each sender once in every round."""
    taken: dict[str, list[float]] = {name: [] for name in senders}
    for name in _rounds(senders, times):
        began = perf_counter()
        senders[name]()
        taken[name].append(perf_counter() - began)
    return taken


def _rounds(names: dict[str, Callable[[], Answer]], times: int) -> Iterator[str]:
    for _ in range(times):
        yield from names
