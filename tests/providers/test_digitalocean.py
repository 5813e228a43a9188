import json
import logging
import socket
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Self
from urllib.parse import urlsplit

import pytest
from werkzeug.wrappers import Request, Response

from bot.domain.rules import Rule
from bot.domain.sources import SourceType
from bot.providers.base import (
    ApiCall,
    ApiError,
    Busy,
    ClusterNotFound,
    ClusterStatus,
    NotAuthorised,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Unavailable,
)
from bot.providers.digitalocean import DigitalOcean
from dbaccess_playground.digitalocean.sandbox import SandboxDigitalOcean
from dbaccess_playground.faults import Fault, Kind
from dbaccess_playground.server import LoopbackServer
from tests.waiting import eventually

TOKEN = "dop_v1_0123456789abcdef"
OFFICE = {"type": "ip_addr", "value": "198.51.100.7", "description": "office"}
NEW = Rule("ip_addr", "203.0.113.4", description="dbaccess/prod #1 until 2026-11-23T11:00:00Z")
NOBODYS_ID = "9cc10173-e9ea-4176-9dbc-a4cee4c4ff30"
TINY_SECONDS = 0.2
GENEROUS_SECONDS = 3.0

Serve = Callable[[Callable[[Request], Response]], str]
Answering = Callable[..., DigitalOcean]


class Naps:
    """A sleep and the clock that it moves; nobody waits."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.seconds.append(seconds)

    def monotonic(self) -> float:
        return time.monotonic() + sum(self.seconds)


class Outside:
    """DigitalOcean's clients for a test, all of them closed in the end, with their calls."""

    def __init__(self, naps: Naps) -> None:
        self.calls: list[ApiCall] = []
        self.naps = naps
        self.made: list[DigitalOcean] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Wait for what was left behind, and close every client."""
        for thread in threading.enumerate():
            if thread.name.startswith("digitalocean-"):
                thread.join(GENEROUS_SECONDS)
        for client in self.made:
            client.close()

    def client(self, url: str, *, token: str = TOKEN, **more: Any) -> DigitalOcean:
        assert urlsplit(url).hostname == "127.0.0.1"
        client = DigitalOcean(
            token,
            endpoint=url,
            sleep=self.naps.sleep,
            monotonic=self.naps.monotonic,
            on_call=self.calls.append,
            **more,
        )
        self.made.append(client)
        return client


@pytest.fixture
def naps() -> Naps:
    return Naps()


@pytest.fixture
def outside(naps: Naps) -> Iterator[Outside]:
    with Outside(naps) as outside:
        yield outside


@pytest.fixture
def do(outside: Outside) -> Iterator[SandboxDigitalOcean]:
    with SandboxDigitalOcean(token=TOKEN) as sandbox:
        yield sandbox


@pytest.fixture
def orders(do: SandboxDigitalOcean) -> str:
    return do.add_cluster("orders", rules=[OFFICE])


@pytest.fixture
def api(do: SandboxDigitalOcean, outside: Outside) -> DigitalOcean:
    return outside.client(do.url)


@pytest.fixture
def hasty(do: SandboxDigitalOcean, outside: Outside) -> DigitalOcean:
    return outside.client(do.url, timeout_seconds=TINY_SECONDS)


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Answers every call with what the test says, at the address that this gives."""
    with ExitStack() as servers:

        def serve(answer: Callable[[Request], Response]) -> str:
            return servers.enter_context(LoopbackServer(Request.application(answer))).url

        yield serve


@pytest.fixture
def answering(serve: Serve, outside: Outside) -> Answering:
    """Makes a client of an API that answers every call with what the test says."""
    return lambda answer, **more: outside.client(serve(answer), **more)


def saying(body: str, code: int = 200) -> Callable[[Request], Response]:
    return lambda _: Response(body, code, content_type="application/json")


def methods(do: SandboxDigitalOcean) -> list[str]:
    return [call.method for call in do.calls]


# What is read


def test_the_rules_come_as_the_api_holds_them(
    api: DigitalOcean, do: SandboxDigitalOcean, orders: str
) -> None:
    do.add_rule(orders, "tag", "backend")
    office, tag = api.read_rules(orders)
    shown = do.rules(orders)
    assert (office.type, office.value, office.description) == ("ip_addr", "198.51.100.7", "office")
    assert (tag.type, tag.value, tag.description) == ("tag", "backend", None)
    assert [office.uuid, tag.uuid] == [rule["uuid"] for rule in shown]
    assert office.created_at == datetime.fromisoformat(shown[0]["created_at"])
    assert office.created_at is not None
    assert office.created_at.tzinfo is UTC


def test_a_cluster_without_rules_has_none(api: DigitalOcean, do: SandboxDigitalOcean) -> None:
    assert api.read_rules(do.add_cluster("empty")) == []


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("2026-11-23T09:00:05Z", datetime(2026, 11, 23, 9, 0, 5, tzinfo=UTC)),
        ("2026-11-23T10:00:05+01:00", datetime(2026, 11, 23, 9, 0, 5, tzinfo=UTC)),
        ("2026-11-23T09:00:05.123456789Z", datetime(2026, 11, 23, 9, 0, 5, 123456, tzinfo=UTC)),
        ("2026-11-23 09:00:05", datetime(2026, 11, 23, 9, 0, 5, tzinfo=UTC)),
    ],
)
def test_every_notation_of_a_time_is_read_as_aware_utc(
    answering: Answering, said: str, meant: datetime
) -> None:
    rule = f'{{"type": "tag", "value": "web", "created_at": "{said}"}}'
    [read] = answering(saying(f'{{"rules": [{rule}]}}')).read_rules(NOBODYS_ID)
    assert read.created_at == meant
    assert read.created_at.utcoffset() == timedelta(0)
    assert read.created_at.tzinfo is UTC


def test_a_cluster_that_is_not_online_takes_no_changes(
    api: DigitalOcean, do: SandboxDigitalOcean, orders: str
) -> None:
    assert api.cluster_status(orders) == ClusterStatus("online", is_online=True)
    do.set_busy(orders, "resizing", code=None)
    assert api.cluster_status(orders) == ClusterStatus("resizing", is_online=False)


def test_a_missing_cluster_is_not_an_empty_firewall(
    api: DigitalOcean, do: SandboxDigitalOcean
) -> None:
    for call in (api.read_rules, api.cluster_status):
        with pytest.raises(ClusterNotFound, match=f"no database cluster {NOBODYS_ID}") as caught:
            call(NOBODYS_ID)
        assert caught.value.cluster_id == NOBODYS_ID
    assert methods(do) == ["GET", "GET"]


@pytest.mark.parametrize(
    "body",
    [
        "<html>Bad gateway</html>",
        "",
        "null",
        "[]",
        "{}",
        '{"rules": null}',
        '{"rules": {}}',
        '{"rules": [null]}',
        '{"rules": [{"type": "ip_addr"}]}',
        '{"rules": [{"value": "203.0.113.4"}]}',
        '{"rules": [{"type": "droplet", "value": 7}]}',
        '{"id": "not_found", "message": "said with a 200"}',
    ],
)
def test_an_answer_that_makes_no_sense_is_never_an_empty_firewall(
    answering: Answering, outside: Outside, body: str
) -> None:
    api = answering(saying(body))
    with pytest.raises(Unavailable, match="makes no sense"):
        api.read_rules(NOBODYS_ID)
    assert [call.status for call in outside.calls] == [200, 200, 200]


def test_a_404_that_is_not_the_apis_does_not_make_a_cluster_disappear(answering: Answering) -> None:
    api = answering(saying("<html>no such page</html>", 404))
    with pytest.raises(Unavailable, match="404"):
        api.read_rules(NOBODYS_ID)
    with pytest.raises(OutcomeUnknown, match="404"):
        api.write_rules(NOBODYS_ID, [NEW])


# What is written


def test_a_write_keeps_uuids_values_and_descriptions_and_adds_the_new_rule(
    api: DigitalOcean, do: SandboxDigitalOcean, orders: str
) -> None:
    do.add_rule(orders, "tag", "backend")
    before = do.rules(orders)
    api.write_rules(orders, [*api.read_rules(orders), NEW])
    *kept, added = do.rules(orders)
    assert kept == before
    assert (added["value"], added["description"]) == (NEW.value, NEW.description)
    assert methods(do) == ["GET", "PUT"]


def test_a_write_carries_what_was_read_and_of_a_new_rule_only_what_is_the_writers_to_say(
    api: DigitalOcean, do: SandboxDigitalOcean, orders: str
) -> None:
    [read] = do.rules(orders)
    api.write_rules(orders, [*api.read_rules(orders), Rule("tag", "backend")])
    assert do.calls[-1].body == {"rules": [read, {"type": "tag", "value": "backend"}]}


def test_a_rule_of_an_unknown_type_is_read_and_written_verbatim(answering: Answering) -> None:
    vpc = '{"uuid": "u-1", "type": "vpc", "value": "10.0.0.0/8 ", "description": "", "new": {}}'
    written = []

    def answer(request: Request) -> Response:
        if request.method == "GET":
            return Response(f'{{"rules": [{vpc}]}}')
        assert request.headers["Content-Type"] == "application/json"
        assert request.content_length == len(request.get_data())
        written.append(request.get_json())
        return Response(status=204)

    api = answering(answer)
    rules = api.read_rules(NOBODYS_ID)
    assert rules == [Rule("vpc", "10.0.0.0/8 ", uuid="u-1", description="")]
    api.write_rules(NOBODYS_ID, [*rules, Rule("tag", "bür\N{SNOWMAN}")])
    assert written == [{"rules": [json.loads(vpc), {"type": "tag", "value": "bür\N{SNOWMAN}"}]}]


def test_an_empty_list_is_never_written(
    api: DigitalOcean, do: SandboxDigitalOcean, orders: str
) -> None:
    with pytest.raises(ValueError, match="everybody"):
        api.write_rules(orders, [])
    assert not do.calls


def test_a_write_to_a_missing_cluster_says_so(api: DigitalOcean, do: SandboxDigitalOcean) -> None:
    with pytest.raises(ClusterNotFound):
        api.write_rules(NOBODYS_ID, [NEW])
    assert len(do.calls) == 1


def test_a_refused_write_repeats_the_apis_own_words(
    api: DigitalOcean, do: SandboxDigitalOcean, orders: str
) -> None:
    with pytest.raises(Rejected) as caught:
        api.write_rules(orders, [Rule("ip_addr", "2001:db8::1")])
    assert caught.value.message == "IPv6 addresses are not supported: 2001:db8::1"
    assert caught.value.cluster_id == orders
    assert do.sources(orders) == {"ip_addr:198.51.100.7"}
    assert len(do.calls) == 1


@pytest.mark.parametrize("code", [400, 413, 422])
def test_a_refusal_is_not_repeated(
    api: DigitalOcean, do: SandboxDigitalOcean, orders: str, code: int
) -> None:
    do.faults.add(Fault.status(code, times=None))
    with pytest.raises(Rejected):
        api.write_rules(orders, [NEW])
    with pytest.raises(Rejected):
        api.read_rules(orders)
    assert methods(do) == ["PUT", "GET"]


@pytest.mark.parametrize("code", [409, 412, 423])
def test_a_cluster_that_takes_no_changes_at_the_moment_is_busy_and_nothing_was_changed(
    api: DigitalOcean, do: SandboxDigitalOcean, orders: str, code: int
) -> None:
    do.faults.add(Fault.status(code, method="PUT"))
    with pytest.raises(Busy, match="takes no changes at the moment") as caught:
        api.write_rules(orders, [NEW])
    assert caught.value.cluster_id == orders
    assert methods(do) == ["PUT"]


def test_p1_a_rule_goes_back_exactly_as_it_was_read_with_all_that_nobody_knows_yet(
    answering: Answering,
) -> None:
    theirs = {
        "uuid": "4d5e8f4c-9f2a-4b6e-8a3f-0d1c2b3a4e5f",
        "cluster_uuid": NOBODYS_ID,
        "type": "vpc",
        "value": "f00",
        "created_at": "2026-11-25T09:00:00.5Z",
        "labels": {"team": "data"},
        "enabled": None,
    }
    sent: list[Any] = []

    def keep(request: Request) -> Response:
        sent.append(request.get_json(silent=True))
        return saying(json.dumps({"rules": [theirs]}))(request)

    api = answering(keep)
    [rule] = api.read_rules(NOBODYS_ID)
    api.write_rules(NOBODYS_ID, [rule, replace(rule, description="mine")])

    assert sent[-1] == {"rules": [theirs, theirs | {"description": "mine"}]}


@pytest.mark.parametrize("code", [500, 502, 503, 504])
def test_a_write_that_took_effect_although_an_error_was_said_is_of_unknown_outcome(
    api: DigitalOcean, do: SandboxDigitalOcean, orders: str, code: int
) -> None:
    do.faults.add(Fault.lost_answer(code=code))
    with pytest.raises(OutcomeUnknown, match=str(code)) as caught:
        api.write_rules(orders, [NEW])
    assert caught.value.cluster_id == orders
    assert [rule.value for rule in api.read_rules(orders)] == [NEW.value]
    assert methods(do) == ["PUT", "GET"]


@pytest.mark.parametrize("fault", [Fault.lost_answer(), Fault.reset(), Fault.half_body()])
def test_a_write_whose_line_was_cut_is_of_unknown_outcome_and_not_repeated(
    api: DigitalOcean, do: SandboxDigitalOcean, orders: str, fault: Fault
) -> None:
    api.read_rules(orders)
    do.faults.add(fault)
    with pytest.raises(OutcomeUnknown, match="connection broke"):
        api.write_rules(orders, [NEW])
    assert methods(do) == ["GET", "PUT"]


def test_a_write_that_hangs_is_of_unknown_outcome(
    hasty: DigitalOcean, do: SandboxDigitalOcean, orders: str
) -> None:
    do.faults.add(Fault.hang())
    with pytest.raises(OutcomeUnknown, match="no answer in time"):
        hasty.write_rules(orders, [NEW])
    eventually(lambda: methods(do) == ["PUT"])  # on a busy machine it arrives later than that
    do.faults.clear()


def test_a_write_error_that_breaks_off_in_its_body_is_of_unknown_outcome(
    answering: Answering,
) -> None:
    released = threading.Event()

    def stalling(_: Request) -> Response:
        def body() -> Iterator[bytes]:
            yield b'{"mess'
            released.wait()

        return Response(body(), 200, headers={"Content-Length": "100"})

    api = answering(stalling, timeout_seconds=TINY_SECONDS)
    with pytest.raises(OutcomeUnknown):
        api.write_rules(NOBODYS_ID, [NEW])
    released.set()


def test_a_write_that_never_connected_changed_nothing(
    outside: Outside, do: SandboxDigitalOcean, orders: str
) -> None:
    api = outside.client(do.url)
    do.stop()
    with pytest.raises(Unavailable, match="no connection"):
        api.write_rules(orders, [NEW])
    assert [call.status for call in outside.calls] == [None]


def test_a_write_that_was_given_up_before_it_was_sent_is_not_sent_later(
    hasty: DigitalOcean,
    do: SandboxDigitalOcean,
    orders: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    resolve, found = socket.getaddrinfo, threading.Event()

    def slow_name_server(*arguments: Any, **more: Any) -> Any:
        found.wait(GENEROUS_SECONDS)
        return resolve(*arguments, **more)

    monkeypatch.setattr(socket, "getaddrinfo", slow_name_server)
    began = time.monotonic()
    with pytest.raises(Unavailable, match="could not be sent in time"):
        hasty.write_rules(orders, [NEW])
    assert time.monotonic() - began < GENEROUS_SECONDS / 2
    [left_behind] = [t for t in threading.enumerate() if t.name == "digitalocean-write_rules"]
    found.set()
    left_behind.join(GENEROUS_SECONDS)
    assert not left_behind.is_alive()
    assert do.sources(orders) == {"ip_addr:198.51.100.7"}


def test_rules_that_are_too_old_to_be_written_are_not_sent_and_nothing_was_changed(
    api: DigitalOcean, do: SandboxDigitalOcean, orders: str
) -> None:
    with pytest.raises(Unavailable, match="could not be sent in time"):
        api.write_rules(orders, [NEW], sendable=lambda: False)
    assert do.sources(orders) == {"ip_addr:198.51.100.7"}


# What goes wrong on the way


@pytest.mark.parametrize(
    "fault", [Fault.status(500), Fault.status(503), Fault.reset(), Fault.half_body()]
)
def test_a_read_that_fails_once_is_repeated(
    api: DigitalOcean, do: SandboxDigitalOcean, orders: str, naps: Naps, fault: Fault
) -> None:
    do.faults.add(fault)
    assert len(api.read_rules(orders)) == 1
    assert methods(do) == ["GET", "GET"]
    assert len(naps.seconds) == 1


def test_a_read_gives_up_after_its_attempts(
    outside: Outside, do: SandboxDigitalOcean, orders: str, naps: Naps
) -> None:
    do.faults.add(Fault.status(500, times=None))
    with pytest.raises(
        Unavailable, match="DigitalOcean: 500 Unexpected server-side error"
    ) as caught:
        outside.client(do.url, attempts=4).read_rules(orders)
    assert caught.value.cluster_id == orders
    assert len(do.calls) == 4
    assert len(naps.seconds) == 3
    assert all(0 <= seconds <= 2.0 for seconds in naps.seconds)


def test_a_read_of_a_stopped_api_is_unavailable_until_it_is_back(
    api: DigitalOcean, do: SandboxDigitalOcean, orders: str
) -> None:
    api.read_rules(orders)
    do.stop()
    with pytest.raises(Unavailable):
        api.read_rules(orders)
    do.start()
    assert len(api.read_rules(orders)) == 1


def test_loading_pydo_takes_nothing_of_the_time_for_an_answer(
    api: DigitalOcean, orders: str, naps: Naps, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a busy machine that took longer than DigitalOcean has, which was blamed for it."""
    monkeypatch.setattr("bot.providers.digitalocean.client.load_pydo", lambda: naps.sleep(99.0))

    assert [rule.value for rule in api.read_rules(orders)] == ["198.51.100.7"]
    api.write_rules(orders, [*api.read_rules(orders), NEW])


def test_a_read_that_hangs_ends_in_time_with_all_its_repetitions(
    hasty: DigitalOcean, do: SandboxDigitalOcean, orders: str
) -> None:
    do.faults.add(Fault.hang(times=None))
    began = time.monotonic()
    with pytest.raises(Unavailable, match="no answer in time"):
        hasty.read_rules(orders)
    assert time.monotonic() - began < 10 * TINY_SECONDS
    do.faults.clear()


def test_an_answer_that_drips_does_not_hold_the_call(answering: Answering) -> None:
    released = threading.Event()

    def drip() -> Iterator[bytes]:
        while not released.wait(TINY_SECONDS / 4):
            yield b" "

    api = answering(
        lambda _: Response(drip(), headers={"Content-Length": "100000"}),
        timeout_seconds=TINY_SECONDS,
    )
    began = time.monotonic()
    with pytest.raises(Unavailable, match="no answer in time"):
        api.read_rules(NOBODYS_ID)
    with pytest.raises(OutcomeUnknown, match="no answer in time"):
        api.write_rules(NOBODYS_ID, [NEW])
    assert time.monotonic() - began < 15 * TINY_SECONDS
    released.set()


@pytest.mark.parametrize("code", [401, 403])
def test_a_token_that_is_not_accepted_is_told_at_once(
    api: DigitalOcean, do: SandboxDigitalOcean, orders: str, code: int
) -> None:
    do.faults.add(Fault.status(code, times=None))
    for call in (lambda: api.read_rules(orders), lambda: api.write_rules(orders, [NEW])):
        with pytest.raises(NotAuthorised, match=str(code)):
            call()
    assert methods(do) == ["GET", "PUT"]


def test_a_wrong_token_is_not_accepted(outside: Outside, do: SandboxDigitalOcean) -> None:
    with pytest.raises(NotAuthorised, match="Unable to authenticate you") as caught:
        outside.client(do.url, token="dop_v1_wrong").list_sources(SourceType.TAG)
    assert caught.value.cluster_id is None


def test_redirects_are_not_followed_with_the_token(serve: Serve, answering: Answering) -> None:
    led_astray = []

    def elsewhere(request: Request) -> Response:
        led_astray.append(request)
        return Response('{"rules": []}')

    lure = {"Location": f"{serve(elsewhere)}/v2/databases"}
    api = answering(lambda _: Response(status=307, headers=lure))
    with pytest.raises(Unavailable, match="307"):
        api.read_rules(NOBODYS_ID)
    with pytest.raises(OutcomeUnknown, match="307"):
        api.write_rules(NOBODYS_ID, [NEW])
    assert not led_astray


# The rate limit


def test_a_read_sits_out_a_short_rate_limit(
    api: DigitalOcean, do: SandboxDigitalOcean, orders: str, naps: Naps
) -> None:
    do.faults.add(Fault.status(429, retry_after=2))
    assert len(api.read_rules(orders)) == 1
    assert naps.seconds == [2.0]


def test_a_long_rate_limit_is_told_at_once_and_kept_for_all_clusters(
    api: DigitalOcean, do: SandboxDigitalOcean, orders: str, naps: Naps
) -> None:
    other = do.add_cluster("other", rules=[OFFICE])
    do.faults.add(Fault.status(429, retry_after=40))
    with pytest.raises(RateLimited) as caught:
        api.read_rules(orders)
    assert caught.value.retry_after == 40.0
    with pytest.raises(RateLimited) as caught:
        api.read_rules(other)
    assert 30 < caught.value.retry_after <= 40
    assert caught.value.cluster_id == other
    with pytest.raises(RateLimited):
        api.write_rules(other, [NEW])
    with pytest.raises(RateLimited):
        api.list_sources(SourceType.TAG)
    assert len(do.calls) == 1
    naps.sleep(41)
    assert len(api.read_rules(other)) == 1


def test_a_rate_limited_write_changed_nothing_and_is_not_repeated(
    api: DigitalOcean, do: SandboxDigitalOcean, orders: str, naps: Naps
) -> None:
    do.faults.add(Fault.status(429, retry_after=1))
    with pytest.raises(RateLimited) as caught:
        api.write_rules(orders, [NEW])
    assert caught.value.retry_after == 1.0
    assert not naps.seconds
    naps.sleep(2)
    api.write_rules(orders, [NEW])
    assert methods(do) == ["PUT", "PUT"]


def test_a_rate_limit_without_a_time_is_told_at_once_and_not_remembered(
    api: DigitalOcean, do: SandboxDigitalOcean, orders: str
) -> None:
    do.faults.add(Fault.status(429))
    with pytest.raises(RateLimited) as caught:
        api.read_rules(orders)
    assert caught.value.retry_after == 60.0
    assert len(api.read_rules(orders)) == 1


@pytest.mark.parametrize(("said", "kept"), [("1e9", 3600), ("-3", 0), ("inf", 60), ("soon", 60)])
def test_no_header_silences_the_client_for_longer_than_the_limits_window(
    answering: Answering, said: str, kept: float
) -> None:
    api = answering(lambda _: Response("{}", 429, headers={"retry-after": said}))
    with pytest.raises(RateLimited) as caught:
        api.write_rules(NOBODYS_ID, [NEW])
    assert caught.value.retry_after == kept


def test_the_rest_of_the_allowance_is_told_with_each_answer(
    api: DigitalOcean, orders: str, outside: Outside
) -> None:
    api.read_rules(orders)
    with pytest.raises(ClusterNotFound):
        api.read_rules(NOBODYS_ID)
    assert [call.limit_remaining for call in outside.calls] == [4999, 4998]


def test_each_exchange_is_told_with_its_status(
    api: DigitalOcean, do: SandboxDigitalOcean, orders: str, outside: Outside
) -> None:
    do.faults.add(Fault.reset())
    api.read_rules(orders)
    api.write_rules(orders, [NEW])
    api.list_sources(SourceType.TAG)
    told = [(call.operation, call.cluster_id, call.status) for call in outside.calls]
    assert told == [
        ("read_rules", orders, None),
        ("read_rules", orders, 200),
        ("write_rules", orders, 204),
        ("named_tag", None, 200),
    ]
    assert all(0 <= call.seconds < GENEROUS_SECONDS for call in outside.calls)


# Threads and secrets


def test_many_threads_share_one_client(
    api: DigitalOcean, do: SandboxDigitalOcean, outside: Outside
) -> None:
    def rules(number: int) -> Sequence[Rule]:
        return [Rule("ip_addr", f"198.51.100.{number}", description=f"of {number}")]

    ids = [do.add_cluster(f"c{number}", rules=[OFFICE]) for number in range(8)]

    def work(number: int) -> bool:
        for _ in range(10):
            api.write_rules(ids[number], rules(number))
            [read] = api.read_rules(ids[number])
            if read.description != f"of {number}":
                return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(8)))
    assert len(outside.calls) == 160


def all_a_crash_report_could_show(error: BaseException) -> str:
    """The error and, as some formatters print them, the local variables on its way."""
    frames = [frame.f_locals for frame, _ in traceback.walk_tb(error.__traceback__)]
    return f"{error} {error!r} {frames[1:]}"


def test_the_token_is_in_no_error_and_no_log(
    api: DigitalOcean,
    hasty: DigitalOcean,
    do: SandboxDigitalOcean,
    orders: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("azure", "azure.core.pipeline.policies.http_logging_policy", "urllib3"):
        caplog.set_level(logging.DEBUG, logger=name)
    api.read_rules(orders)
    errors: list[ApiError] = []
    faults = [Fault.status(code, times=None) for code in (400, 401, 403, 404, 422, 429, 500)]
    faults += [Fault.reset(times=None), Fault.half_body(times=None), Fault.hang(times=None)]
    for fault in faults:
        do.faults.add(fault)
        client = hasty if fault.kind is Kind.HANG else api
        with pytest.raises(ApiError) as read:
            client.read_rules(orders)
        with pytest.raises(ApiError) as written:
            client.write_rules(orders, [NEW])
        errors += [read.value, written.value]
        do.faults.clear()
    do.stop()
    with pytest.raises(Unavailable) as stopped:
        api.list_sources(SourceType.TAG)
    told = [all_a_crash_report_could_show(error) for error in [*errors, stopped.value]]
    assert TOKEN not in "".join([*told, caplog.text, repr(api)])
    assert "Authorization" not in caplog.text
    assert all(error.__cause__ is None and error.__context__ is None for error in errors)


def test_an_answer_that_echoes_the_token_does_not_spread_it(answering: Answering) -> None:
    api = answering(saying(f'{{"id": "bad", "message": "what is {TOKEN}?"}}', 422))
    with pytest.raises(Rejected, match=r"^what is \[token\]\?$"):
        api.write_rules(NOBODYS_ID, [NEW])


@pytest.mark.parametrize("endpoint", ["http://api.digitalocean.com", "ftp://10.0.0.1", "nonsense"])
def test_the_token_does_not_travel_unencrypted(endpoint: str) -> None:
    with pytest.raises(ValueError, match="https"):
        DigitalOcean(TOKEN, endpoint=endpoint)
