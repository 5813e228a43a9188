"""P4: what the directory says of somebody is never older than it may be, whatever was asked before.

Anybody may know what was so within the last minute; of those whom a click concerns it has to be
what was so after the click.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from slack_sdk import WebClient
from slack_sdk.web import SlackResponse

from bot.domain.people import Person, Standing
from bot.slack.users.directory import Directory
from bot.slack.users.unavailable import DirectoryUnavailable

START = datetime(2026, 3, 2, 10, tzinfo=UTC)
RITA, BOB = "U0RITA", "U0BOB"
Json = dict[str, Any]
HERE, ADMINS = "T0SANDBOX", "S0ADMINS"


@dataclass
class Slack(WebClient):
    """People whose account and group change every few seconds; each call takes a second."""

    seconds: int = 0
    calls: list[tuple[str, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(token="xoxb-test")

    def elapsed(self) -> float:
        return float(self.seconds)

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds)

    def api_call(self, api_method: str, **how: Any) -> SlackResponse:
        self.calls.append((api_method, self.seconds))
        answers: dict[str, Json] = {
            "auth.test": {"team_id": HERE},
            "users.info": {
                "user": {
                    "id": how["params"].get("user"),
                    "team_id": HERE,
                    "is_restricted": is_guest(self.seconds),
                }
            },
            "usergroups.list": {"usergroups": [{"id": ADMINS, "users": members(self.seconds)}]},
        }
        self.seconds += 1
        return SlackResponse(
            client=self,
            http_verb="POST",
            api_url=api_method,
            req_args={},
            data=answers[api_method],
            headers={},
            status_code=200,
        )


def is_guest(second: int) -> bool:
    return second // 3 % 2 == 1


def members(second: int) -> list[str]:
    return [RITA] if second // 4 % 2 else [BOB]


def could_be(person: Person, seconds: Sequence[int]) -> bool:
    """Tell whether account and group are each as they were in one of those seconds."""
    standings = {Standing.GUEST if is_guest(s) else Standing.MEMBER for s in seconds}
    groups = {frozenset({ADMINS} if person.id in members(s) else ()) for s in seconds}
    return person.standing in standings and person.groups in groups


step = st.tuples(
    st.sampled_from(["wait", "look", "click", "change"]),
    st.sampled_from([RITA, BOB]),
    st.integers(0, 9),
)


@given(st.lists(step, max_size=40))
def test_nobody_is_judged_by_what_is_too_old(steps: list[tuple[str, str, int]]) -> None:
    slack = Slack()
    directory = Directory(slack, clock_seconds=slack.elapsed, now=slack.now)
    for act, user, number in steps:
        match act:
            case "wait":
                slack.seconds += number * 3
            case "change":
                directory.outdate(user)
            case "look":
                with suppress(DirectoryUnavailable):
                    person = directory.person(user, HERE, [ADMINS])
                    lately = range(max(0, slack.seconds - 62), slack.seconds)
                    assert could_be(person, lately)
            case "click":
                first = slack.seconds - number  # the first second after the click
                since = START + timedelta(seconds=first - 0.5)
                with suppress(DirectoryUnavailable):
                    person = directory.concerned(Person(user), [ADMINS], since=since)
                    assert could_be(person, range(max(first, 0), slack.seconds))


@given(st.lists(st.integers(0, 3), min_size=60, max_size=90))
def test_the_groups_are_never_listed_more_than_twenty_times_a_minute(pauses: list[int]) -> None:
    slack = Slack()
    directory = Directory(slack, clock_seconds=slack.elapsed, now=slack.now)
    for pause in pauses:
        slack.seconds += pause
        with suppress(DirectoryUnavailable):
            known = Person(RITA, Standing.MEMBER)
            directory.concerned(known, [ADMINS], since=slack.now())

    listed = [at for method, at in slack.calls if method == "usergroups.list"]
    assert all(
        sum(start <= at < start + 60 for at in listed) <= 20 for start in range(slack.seconds + 1)
    )
