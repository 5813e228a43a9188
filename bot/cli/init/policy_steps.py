"""The questions about the policy: how many approvals, for how long, for whom."""

import re
from collections.abc import Sequence
from datetime import timedelta

from bot.cli.frame import words
from bot.cli.init.asking import Asker, Question, Unusable
from bot.cli.init.people import Directory, Principal, count_people, ids
from bot.domain.durations import parse_duration, show_duration
from bot.domain.labels import INSTANCE
from bot.domain.refusal import Refused

_SHORTEST = timedelta(minutes=1)
_MOST_APPROVALS = 10
_USUAL_INSTANCE = "prod"


def approvers(asker: Asker, people: Directory) -> tuple[Principal, ...]:
    """Return who may approve."""
    return asker.ask(
        Question("approvers", "Approvers (@name, @group, e-mail; commas between)", people.find, ids)
    )


def approvals(asker: Asker, approvers: Sequence[Principal] | None) -> int:
    """Return how many must agree, no more than can approve; None: it is not known who can."""
    known = _MOST_APPROVALS if approvers is None else count_people(approvers)
    return asker.ask(
        Question(
            "approvals",
            "How many approvers must agree",
            lambda typed: _approvals(typed, known),
            default="1",
        )
    )


def longest(asker: Asker) -> timedelta:
    """Return how long access may last."""
    return asker.ask(
        Question(
            "max_duration",
            "Longest access, extensions included",
            lambda typed: _duration(asker, typed),
            keep=show_duration,
            default="8h",
        )
    )


def requesters(asker: Asker, people: Directory) -> tuple[Principal, ...]:
    """Return who may request."""
    return asker.ask(
        Question(
            "requesters",
            "Who may request (`everyone`, or names)",
            people.find_or_everyone,
            keep=ids,
            default="everyone",
        )
    )


def instance(asker: Asker) -> str:
    """Return the installation's name, which only an answers file changes."""
    if not asker.has("instance"):
        return _USUAL_INSTANCE
    return asker.ask(Question("instance", "Name of this installation", _instance))


def _instance(typed: str) -> str:
    if not re.fullmatch(INSTANCE, typed):
        raise Unusable("It has small letters, digits and dashes, like prod.")
    return typed


def _approvals(typed: str, approvers: int) -> int:
    number = int(typed) if typed.strip().isdecimal() else 0
    if not 1 <= number <= _MOST_APPROVALS:
        raise Unusable(f"Type a number from 1 to {_MOST_APPROVALS}.")
    if number > approvers:
        people = "1 person" if approvers == 1 else f"{approvers} people"
        raise Unusable(f"Of those you named, only {people} can approve. Name more, or lower it.")
    return number


def _duration(asker: Asker, typed: str) -> timedelta:
    try:
        duration = parse_duration(typed)
    except Refused as refused:
        raise Unusable(words(refused.refusal)) from refused
    if duration < _SHORTEST:
        raise Unusable("Type at least 1m.")
    if (shown := show_duration(duration)) != typed.strip():
        asker.say(f"  ok: {shown}")
    return duration
