"""How often Slack is asked about people, and what they are told while it asks to wait."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from bot.domain.people import Person
from bot.domain.refusals.rights import CannotTell, CannotTellOfOthers, NoUserGroups, SlackAsksToWait
from bot.slack.client import web_client
from bot.slack.users.call_limits import CallLimits
from bot.slack.users.directory import Directory
from bot.slack.users.unavailable import DirectoryUnavailable
from dbaccess_playground.faults import Fault
from dbaccess_playground.slack.sandbox import SandboxSlack

HERE = "T0SANDBOX"
GROUPS = [f"S0TEAM{number}" for number in range(30)]
PEOPLE = [f"U0PERSON{number}" for number in range(40)]
START = datetime(2026, 3, 2, 10, tzinfo=UTC)


class Time:
    """Both clocks of the directory; they stand still until they are moved."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def elapsed(self) -> float:
        return 1_000.0 + self.seconds

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds)


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def slack(time: Time) -> Iterator[SandboxSlack]:
    """A workspace with thirty groups; everybody is in one of them."""
    with SandboxSlack(clock=lambda: time.now().timestamp()) as slack:
        for number, user in enumerate(PEOPLE):
            slack.add_user(user, f"person-{number}")
        for number, group in enumerate(GROUPS):
            slack.add_group(group, f"team-{number}", PEOPLE[number::30])
        yield slack


@pytest.fixture
def directory(slack: SandboxSlack, time: Time) -> Directory:
    client = web_client(slack.bot_token, slack.api_url, timeout_seconds=1)
    return Directory(client, clock_seconds=time.elapsed, now=time.now)


def asked(slack: SandboxSlack, method: str) -> int:
    return sum(call.method == method for call in slack.calls)


def refusal(directory: Directory, user: str = PEOPLE[0]) -> DirectoryUnavailable:
    with pytest.raises(DirectoryUnavailable) as caught:
        directory.person(user, HERE, GROUPS)
    return caught.value


def test_thirty_groups_and_many_people_cost_one_call_a_minute(
    slack: SandboxSlack, time: Time, directory: Directory
) -> None:
    for user in PEOPLE:
        assert len(directory.person(user, HERE, GROUPS).groups) == 1
        time.seconds += 1.4

    assert asked(slack, "usergroups.list") == 1
    assert asked(slack, "usergroups.users.list") == 0

    time.seconds = 60
    directory.person(PEOPLE[0], HERE, GROUPS)
    assert asked(slack, "usergroups.list") == 2


def test_those_whom_many_clicks_concern_are_read_after_each_and_slack_never_refuses(
    slack: SandboxSlack, time: Time, directory: Directory
) -> None:
    """One click a second for three minutes: each is answered within seconds of it."""
    clicks = [START + timedelta(seconds=second) for second in range(180)]
    waited: list[float] = []
    while clicks:
        time.seconds += 1
        with suppress(DirectoryUnavailable):
            while clicks and clicks[0] < time.now():
                person = directory.concerned(Person(PEOPLE[0]), GROUPS, since=clicks[0])
                assert person.groups == {GROUPS[0]}
                waited.append((time.now() - clicks.pop(0)).total_seconds())

    assert max(waited) <= 8
    assert asked(slack, "usergroups.list") > 20, "not everybody was served by the first calls"
    assert {call.error for call in slack.calls} == {None}


def test_while_slack_asks_to_wait_the_method_is_left_alone(
    slack: SandboxSlack, time: Time, directory: Directory
) -> None:
    slack.faults.add(Fault.status(429, retry_after=30, target="usergroups.list"))

    with capture_logs() as logs:
        assert refusal(directory).retry_after == 30
        time.seconds = 10.5
        for user in PEOPLE:
            assert refusal(directory, user).retry_after == 19.5
    assert asked(slack, "usergroups.list") == 1
    assert [(entry["event"], entry["method"]) for entry in logs] == [
        ("slack asks to wait", "usergroups.list")
    ]

    assert directory.person(PEOPLE[1], HERE, []).id == PEOPLE[1], "of others it may be asked"
    time.seconds = 30
    assert directory.person(PEOPLE[0], HERE, GROUPS).groups == {GROUPS[0]}


def test_an_answer_to_an_earlier_call_does_not_end_the_wait(time: Time) -> None:
    limits = CallLimits(time.elapsed)
    limits.check("users.info")
    limits.refused("users.info", "ratelimited", 30.0)
    limits.refused("users.info", "ratelimited", 5.0)
    limits.answered("users.info")

    with pytest.raises(DirectoryUnavailable) as caught:
        limits.check("users.info")
    assert caught.value.retry_after == 30.0


@pytest.mark.parametrize(
    ("error", "own", "of_others"),
    [
        (DirectoryUnavailable("x"), CannotTell(), CannotTellOfOthers()),
        (
            DirectoryUnavailable("x", "ratelimited", 29.2),
            SlackAsksToWait(seconds=30),
            SlackAsksToWait(seconds=30),
        ),
        (
            DirectoryUnavailable("x", "ratelimited", 0.0),
            SlackAsksToWait(seconds=1),
            SlackAsksToWait(seconds=1),
        ),
        (DirectoryUnavailable("x", "plan_upgrade_required"), NoUserGroups(), NoUserGroups()),
    ],
    ids=["no answer", "wait", "no time", "no groups"],
)
def test_people_are_told_what_is_the_matter(
    error: DirectoryUnavailable, own: object, of_others: object
) -> None:
    assert error.refusal() == own
    assert error.refusal(of_others=True) == of_others


def test_a_workspace_without_user_groups_is_asked_once_a_minute_and_told_once(
    slack: SandboxSlack, time: Time, directory: Directory
) -> None:
    slack.downgrade()

    with capture_logs() as logs:
        for _ in range(6):
            error = refusal(directory)
            assert (error.is_permanent, error.retry_after) == (True, None)
            time.seconds += 20

    assert asked(slack, "usergroups.list") == 2
    assert [entry["event"] for entry in logs] == ["workspace has no user groups"]
    assert directory.person(PEOPLE[0], HERE, []).id == PEOPLE[0], "who is named needs no group"
