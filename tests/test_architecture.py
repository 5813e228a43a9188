"""What the page on the architecture says and shows is so; `make diagrams` draws it anew."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import SQLModel

from bot.domain.lifecycle import (
    Decision,
    EndReason,
    Grant,
    GrantState,
    ImpossibleTransition,
    Request,
    RequestKind,
    RequestState,
    Verdict,
)
from bot.domain.sources import KINDS, SourceType, TrustedSource, parse_source
from bot.providers.digitalocean.schemas import LISTINGS
from bot.slack.messages.unusual import everyone_behind
from docs.diagrams.draw import GENERATED, LIFELINES, LOOSE, mark
from tests.slack.messages import examples

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs" / "diagrams"
SOURCES = sorted(PICTURES.glob("*.dot"))
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
SOURCE = parse_source("203.0.113.4")
HOUR = timedelta(hours=1)

Edge = tuple[str, str, str]  # from which state, by which method, to which state


@pytest.mark.parametrize("name", sorted(GENERATED))
def test_a_generated_picture_shows_the_code_as_it_is(name: str) -> None:
    assert (PICTURES / f"{name}.dot").read_text() == GENERATED[name](), "run `make diagrams`"


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_a_picture_was_drawn_from_its_source_and_stands_on_the_page(source: Path) -> None:
    picture = source.with_suffix(".svg")
    assert mark(source.read_text()) in picture.read_text(), "run `make diagrams`"
    page = (ROOT / "docs" / "architecture.md").read_text()
    assert re.search(rf"!\[[^\]]+\]\(diagrams/{picture.name}\)", page)


def test_the_sequence_and_the_loose_references_name_what_is_there() -> None:
    rooms = [name for name in LIFELINES if name not in ("Slack", "DigitalOcean", "worker")]
    assert all((ROOT / "bot" / room).is_dir() for room in rooms)
    for table, column, to, to_column, _ in LOOSE:
        assert column in SQLModel.metadata.tables[table].columns
        assert to_column in SQLModel.metadata.tables[to].columns


def test_the_domain_is_told_the_time_and_never_reads_a_clock() -> None:
    for path in sorted((ROOT / "bot" / "domain").glob("**/*.py")):
        assert not re.search(r"\b(?:now|today|utcnow)\(\)|\.now\(", path.read_text()), path.name


@pytest.mark.parametrize("kind", SourceType)
def test_a_type_of_source_has_all_that_one_takes(kind: SourceType) -> None:
    assert kind in KINDS
    assert kind in LISTINGS or kind is SourceType.IP_ADDR
    source = TrustedSource(kind, "198.51.100.0/24")
    assert "lets in" in everyone_behind(examples.request(source=source))


def request(state: RequestState, kind: RequestKind = RequestKind.ACCESS) -> Request:
    return Request(
        id=1,
        cluster="orders",
        source=SOURCE,
        duration=HOUR,
        requester="U1",
        state=state,
        created_at=NOW,
        lapses_at=NOW + HOUR,
        kind=kind,
        decisions=(Decision("U2", Verdict.APPROVE, NOW),),
    )


def requests(state: RequestState) -> list[Request]:
    return [request(state, kind) for kind in (RequestKind.ACCESS, RequestKind.EMERGENCY)]


def grants(state: GrantState) -> list[Grant]:
    outside = EndReason.REMOVED_OUTSIDE if state is GrantState.ENDED else None
    return [Grant(1, "orders", "id", SOURCE, "U1", state, NOW, NOW + HOUR, end_reason=outside)]


REQUEST_METHODS: dict[str, list[Callable[[Request], Request]]] = {
    "decide": [
        lambda one: one.decide(Decision("U3", Verdict.APPROVE, NOW), approvals_needed=3),
        lambda one: one.decide(Decision("U3", Verdict.APPROVE, NOW), approvals_needed=2),
        lambda one: one.decide(Decision("U3", Verdict.DENY, NOW), approvals_needed=2),
    ],
    "drop_approvals": [lambda one: one.drop_approvals(["U2"])],
    "depart": [lambda one: one.depart("U1")],
    "approve_at_once": [lambda one: one.approve_at_once("policy", NOW)],
    "approve_as": [lambda one: one.approve_as(request(RequestState.APPROVED), NOW)],
    "cancel": [lambda one: one.cancel(NOW)],
    "lapse": [lambda one: one.lapse(NOW)],
    "remind": [lambda one: one.remind(None)],
    "review": [lambda one: one.review("U2", NOW)],
}
GRANT_METHODS: dict[str, list[Callable[[Grant], Grant]]] = {
    "send": [lambda one: one.send(NOW)],
    "take_back": [lambda one: one.take_back(one)],
    "delay": [lambda one: one.delay(NOW)],
    "activate": [lambda one: one.activate(NOW, owned=True, rule_uuid=None)],
    "find_unused": [lambda one: one.find_unused()],
    "find_rule": [lambda one: one.find_rule(description=None, rule_uuid=None)],
    "see_rule": [lambda one: one.see_rule(owned=True, rule_uuid=None)],
    "write_again": [lambda one: one.write_again(NOW)],
    "extend": [lambda one: one.extend(NOW)],
    "warn": [lambda one: one.warn(NOW)],
    "leave": [lambda one: one.leave(EndReason.FAILED, NOW)],
    "revoke": [lambda one: one.revoke("U1", NOW)],
    "expire": [lambda one: one.expire(NOW)],
    "end": [lambda one: one.end(NOW)],
    "put_back": [lambda one: one.put_back(2)],
}


@pytest.mark.parametrize(
    ("name", "kind", "states", "examples", "methods"),
    [
        ("request", Request, RequestState, requests, REQUEST_METHODS),
        ("grant", Grant, GrantState, grants, GRANT_METHODS),
    ],
)
def test_a_state_machine_shows_each_state_and_each_transition(
    name: str,
    kind: type,
    states: type[StrEnum],
    examples: Callable[[Any], list[Any]],
    methods: dict[str, list[Callable[[Any], Any]]],
) -> None:
    assert set(methods) == transitions_of(kind), "each transition is tried here"
    source = (PICTURES / f"{name}.dot").read_text()
    shown, anywhere = set(edges(source)), set(re.findall(r"in any state: (\w+)", source))
    found = {
        (str(state), method, str(after))
        for state in states
        for method, calls in methods.items()
        for call in calls
        for example in examples(state)
        for after in tried(call, example)
    }
    everywhere = {(str(state), method, str(state)) for state in states for method in anywhere}
    assert everywhere <= found
    assert found - everywhere == shown
    assert {state for before, _, after in shown for state in (before, after)} == set(states)


def transitions_of(kind: type) -> set[str]:
    """The public methods that return the next value."""
    return {
        name
        for name, method in vars(kind).items()
        if not name.startswith("_")
        and getattr(method, "__annotations__", {}).get("return") == kind.__name__
    }


def tried(call: Callable[[Any], Any], example: Any) -> Iterator[StrEnum]:
    try:
        yield call(example).state
    except ImpossibleTransition:
        return


def edges(source: str) -> Iterator[Edge]:
    for before, after, label in re.findall(r'(\w+) -> (\w+) \[label="([^"]+)"', source):
        for line in label.split("\\n"):
            yield before, line.partition(" ")[0], after
