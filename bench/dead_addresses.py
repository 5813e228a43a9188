"""Row K: from a typed request to its card, while 200 replies have addresses that hang."""

import socket
import statistics
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from time import perf_counter

from sqlalchemy import func
from sqlmodel import col, select

from bench.company import alias
from bench.findings import Finding, Scale, reasons, timing
from bench.seeding import address
from bench.stage import Stage, serving, stage
from bot.domain.notices import Reply
from bot.domain.refusals.lookups import CallsSpent
from bot.domain.reply_to import ReplyTo
from bot.service import Service
from bot.store import outbox
from bot.store.tables import JobRow
from dbaccess_playground.demo.company import APPROVALS, GENERAL, RITA

_GOAL_SECONDS = 1.0
_PATIENCE_SECONDS = 180.0


class DeadHost:
    """Takes connections on a loopback address of its own, and answers nothing."""

    def __init__(self, number: int) -> None:
        host = f"127.0.{number // 250}.{number % 250 + 2}"  # Linux has all of 127.0.0.0/8
        self._socket = socket.create_server((host, 0), backlog=512)
        self.url = f"http://{host}:{self._socket.getsockname()[1]}/commands"

    def close(self) -> None:
        """Reset what is still waiting."""
        self._socket.close()


def measure(scale: Scale) -> Finding:
    """Let Rita ask again and again: with an empty queue, and with replies that cannot arrive."""
    rounds, replies = scale.pick(20, 2), scale.pick(200, 20)
    with ExitStack() as hosts, stage(1) as place, serving(place, 1) as service:
        for number in range(replies):
            place.slack.add_user(_person(number), f"person-{number}")
        dead = [DeadHost(number) for number in range(rounds + replies)]
        for host in dead:
            hosts.callback(host.close)
        card = _Cards(place)
        card.seconds()  # the first one takes longer
        empty = [card.seconds() for _ in range(rounds)]
        one_host = []
        for host in dead[:rounds]:
            _owe(service, replies, [host])
            one_host.append(card.seconds())
            _drain(place)
        _owe(service, replies, dead[rounds:])
        many_hosts = [card.seconds() for _ in range(rounds)]
        left = _waiting(place)
    return _finding(replies, empty, one_host, many_hosts, left)


class _Cards:
    """Times one request after another."""

    def __init__(self, place: Stage) -> None:
        self._slack = place.slack
        self._count = 0

    def seconds(self) -> float:
        """Ask for an address that nobody has asked for yet, and wait for the card."""
        self._count += 1
        text = f"request {address(self._count)} 2h {alias(1)}"
        began = perf_counter()
        self._slack.command(RITA, text, channel_id=GENERAL)
        self._slack.wait_until(
            lambda: len(self._slack.messages(APPROVALS, replies=False)) == self._count,
            _PATIENCE_SECONDS,
        )
        return perf_counter() - began


def _owe(service: Service, replies: int, hosts: Sequence[DeadHost]) -> None:
    """Owe so many people a reply, whose addresses are on these hosts; then have them tried."""
    components = service.components
    with components.database.transaction() as session:
        for number in range(replies):
            notice = Reply(refusal=CallsSpent(seconds=30))
            to = ReplyTo(_person(number), hosts[number % len(hosts)].url)
            outbox.enqueue_reply(session, notice, to, at=datetime.now(UTC))
    components.wakeup()


def _drain(place: Stage) -> None:
    place.slack.wait_until(lambda: not _waiting(place), _PATIENCE_SECONDS)


def _waiting(place: Stage) -> int:
    with place.database.reading() as session:
        query = select(func.count()).select_from(JobRow)
        return session.exec(query.where(col(JobRow.finished_at).is_(None))).one()


def _person(number: int) -> str:
    return f"U0DEAD{number}"


def _finding(
    replies: int,
    empty: Sequence[float],
    one_host: Sequence[float],
    many_hosts: Sequence[float],
    left: int,
) -> Finding:
    def ratio(seconds: Sequence[float]) -> str:
        return f"{statistics.median(seconds) / statistics.median(empty):.2f} x the empty queue"

    later = max(statistics.median(one_host), statistics.median(many_hosts))
    later -= statistics.median(empty)
    figures = (
        timing("request to card, empty queue", empty),
        timing(f"{replies} replies, one host that hangs", one_host, ratio=ratio(one_host)),
        timing(f"{replies} replies, a host each", many_hosts, ratio=ratio(many_hosts)),
    )
    missed = (
        "" if later <= _GOAL_SECONDS else f"it is posted {later:.1f} s later",
        "" if left else "no reply was waiting any more when the last card came",
    )
    goal = f"a card within a second of an empty queue's time, with {replies} dead reply addresses"
    return Finding("K", goal, figures, reasons(*missed))
