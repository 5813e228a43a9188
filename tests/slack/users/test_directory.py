from collections.abc import Iterator
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.web import SlackResponse

from bot.domain.people import Person, Standing, is_member, is_named
from bot.slack.client import web_client
from bot.slack.users.directory import Directory
from bot.slack.users.unavailable import DirectoryUnavailable
from dbaccess_playground.faults import Fault
from dbaccess_playground.slack.sandbox import SandboxSlack

Json = dict[str, Any]

RITA, GITA, EVE = "U0RITA", "U0GITA", "U0EVE"
ADMINS, DEVELOPERS = "S0DBADMINS", "S0DEVELOPERS"
HERE = "T0SANDBOX"


class Seconds:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def slack() -> Iterator[SandboxSlack]:
    with SandboxSlack() as slack:
        slack.add_user(RITA, "rita")
        slack.add_user(GITA, "gita", is_restricted=True)
        slack.add_user(EVE, "eve", team_id="T0ELSEWHERE")
        slack.add_group(ADMINS, "db-admins", [RITA])
        slack.add_group(DEVELOPERS, "developers", [GITA])
        yield slack
        assert slack.problems == []


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def directory(slack: SandboxSlack, seconds: Seconds) -> Directory:
    client = web_client(slack.bot_token, slack.api_url, timeout_seconds=1)
    return Directory(client, clock_seconds=seconds)


def methods(slack: SandboxSlack) -> list[str]:
    return [call.method for call in slack.calls]


def test_a_member_is_known_with_those_groups_that_are_in_question(directory: Directory) -> None:
    person = directory.person(RITA, HERE, [ADMINS, DEVELOPERS])

    assert person == Person(RITA, Standing.MEMBER, frozenset({ADMINS}))


def test_only_what_is_in_question_is_asked(slack: SandboxSlack, directory: Directory) -> None:
    directory.person(RITA, HERE, [ADMINS])

    assert sorted(methods(slack)) == ["auth.test", "usergroups.list", "users.info"]


@pytest.mark.parametrize(
    ("user", "standing"),
    [
        ("U0ROBOT", Standing.BOT),
        ("U0GONE", Standing.DEACTIVATED),
        ("U0ULTRA", Standing.GUEST),
        (GITA, Standing.GUEST),
        (EVE, Standing.OUTSIDER),
        ("U0OUTGUEST", Standing.OUTSIDER),
        ("U0GONEROBOT", Standing.DEACTIVATED),
    ],
)
def test_everybody_has_one_standing(
    slack: SandboxSlack, directory: Directory, user: str, standing: Standing
) -> None:
    slack.add_user("U0ROBOT", "robot", is_bot=True)
    slack.add_user("U0GONE", "gone", deleted=True)
    slack.add_user("U0ULTRA", "ultra", is_ultra_restricted=True)
    slack.add_user("U0OUTGUEST", "outguest", team_id="T0ELSEWHERE", is_restricted=True)
    slack.add_user("U0GONEROBOT", "gonerobot", is_bot=True, deleted=True)

    assert directory.person(user, HERE, []).standing is standing


def test_whoever_acts_from_another_team_is_an_outsider(directory: Directory) -> None:
    assert directory.person(RITA, "T0ELSEWHERE", []).standing is Standing.OUTSIDER


def test_an_interaction_that_names_no_team_is_judged_by_the_person(directory: Directory) -> None:
    assert directory.person(RITA, "", []).standing is Standing.MEMBER
    assert directory.person(EVE, "", []).standing is Standing.OUTSIDER


def test_what_slack_said_is_remembered_for_a_minute(
    slack: SandboxSlack, seconds: Seconds, directory: Directory
) -> None:
    directory.person(RITA, HERE, [ADMINS])
    slack.set_group_members(ADMINS, [])
    slack.add_user(RITA, "rita", deleted=True)

    seconds.now += 59.9
    assert directory.person(RITA, HERE, [ADMINS]).groups == {ADMINS}
    assert len(slack.calls) == 3

    seconds.now += 0.1
    assert directory.person(RITA, HERE, [ADMINS]) == Person(RITA, Standing.DEACTIVATED)


def test_the_minute_begins_when_slack_answered_not_when_it_was_last_asked_about(
    slack: SandboxSlack, seconds: Seconds, directory: Directory
) -> None:
    directory.person(RITA, HERE, [ADMINS])
    slack.set_group_members(ADMINS, [])
    for _ in range(3):
        seconds.now += 20
        person = directory.person(RITA, HERE, [ADMINS])

    assert person.groups == frozenset()


def test_what_is_known_costs_no_call(slack: SandboxSlack, directory: Directory) -> None:
    person = directory.person(RITA, HERE, [ADMINS])
    calls = len(slack.calls)

    known = directory.known(RITA, HERE)

    assert known == person
    assert known.asked == {ADMINS, DEVELOPERS}, "one answer tells of all groups"
    assert len(slack.calls) == calls


def test_what_is_not_known_is_unknown_and_costs_no_call_either(
    slack: SandboxSlack, seconds: Seconds, directory: Directory
) -> None:
    assert directory.known(RITA, HERE).standing is Standing.UNKNOWN
    assert slack.calls == []

    directory.person(RITA, HERE, [ADMINS])
    calls = len(slack.calls)
    assert directory.known(GITA, HERE).standing is Standing.UNKNOWN

    seconds.now += 60
    known = directory.known(RITA, HERE)
    assert (known, known.asked) == (Person(RITA), frozenset())
    assert len(slack.calls) == calls


def test_what_was_said_last_is_remembered_for_advice(
    seconds: Seconds, directory: Directory
) -> None:
    person = directory.person(RITA, HERE, [ADMINS])
    seconds.now += 3_600

    assert directory.last_known(RITA, HERE) == person
    assert directory.last_known(GITA, HERE).standing is Standing.UNKNOWN


def may_decide(person: Person) -> bool:
    """Tell whether somebody is a member, and in one of two groups."""
    return is_member(person) and is_named(person, [ADMINS, DEVELOPERS])


def test_slack_is_asked_what_a_decision_depends_on_and_what_is_known_not_again(
    slack: SandboxSlack, directory: Directory
) -> None:
    assert directory.decide(RITA, HERE, may_decide)
    calls = methods(slack)
    assert calls.count("users.info") == 1
    assert calls.count("usergroups.list") == 1, "one answer tells of all groups"

    assert directory.decide(RITA, HERE, may_decide)
    assert methods(slack) == calls


def test_nothing_is_asked_that_a_decision_does_not_depend_on(
    slack: SandboxSlack, directory: Directory
) -> None:
    assert not directory.decide(GITA, HERE, may_decide)

    assert "usergroups.list" not in methods(slack), "guests are no members, so groups tell nothing"


def test_a_decision_that_slack_says_too_little_for_is_not_made(
    slack: SandboxSlack, directory: Directory
) -> None:
    slack.faults.add(Fault.status(503, target="usergroups.list"))

    with pytest.raises(DirectoryUnavailable):
        directory.decide(RITA, HERE, may_decide)


def test_a_decision_that_depends_on_ever_more_groups_is_not_made(directory: Directory) -> None:
    def insatiable(person: Person) -> bool:
        return is_named(person, [f"S0GROUP{len(person.asked)}"])

    with pytest.raises(DirectoryUnavailable, match="keeps changing"):
        directory.decide(RITA, HERE, insatiable)


def test_an_empty_group_is_known_to_be_empty(slack: SandboxSlack, directory: Directory) -> None:
    slack.set_group_members(ADMINS, [])
    directory.person(RITA, HERE, [ADMINS])

    known = directory.known(RITA, HERE)
    assert known == Person(RITA, Standing.MEMBER)
    assert ADMINS in known.asked


@pytest.mark.parametrize(
    "fault",
    [
        Fault.status(500, target="users.info"),
        Fault.status(429, retry_after=30, target="users.info"),
        Fault.reset(target="auth.test"),
        Fault.half_body(target="users.info"),
        Fault.hang(target="users.info"),
        Fault.status(503, target="usergroups.list"),
    ],
    ids=["error", "rate limit", "cut line", "half an answer", "no answer", "no group"],
)
def test_what_cannot_be_read_is_not_guessed_and_asked_again(
    slack: SandboxSlack, seconds: Seconds, directory: Directory, fault: Fault
) -> None:
    slack.faults.add(fault)

    with pytest.raises(DirectoryUnavailable):
        directory.person(RITA, HERE, [ADMINS])

    slack.faults.clear()
    seconds.now += fault.retry_after_seconds or 0
    assert directory.person(RITA, HERE, [ADMINS]).groups == {ADMINS}


def test_what_slack_cannot_say_outlives_no_minute(
    slack: SandboxSlack, seconds: Seconds, directory: Directory
) -> None:
    """What was known once is not taken for true because it cannot be read any more."""
    directory.person(RITA, HERE, [ADMINS])
    seconds.now += 60
    slack.faults.add(Fault.status(500, target="usergroups.list", times=None))

    with pytest.raises(DirectoryUnavailable):
        directory.person(RITA, HERE, [ADMINS])


def test_somebody_whom_slack_does_not_know_is_no_answer(directory: Directory) -> None:
    with pytest.raises(DirectoryUnavailable, match=r"users\.info"):
        directory.person("U0NOBODY", HERE, [])


def test_a_group_that_is_gone_has_no_members(directory: Directory) -> None:
    assert directory.person(RITA, HERE, ["S0NOSUCH"]).groups == frozenset()
    assert "S0NOSUCH" in directory.known(RITA, HERE).asked


def test_a_group_that_is_disabled_has_no_members(slack: SandboxSlack, directory: Directory) -> None:
    slack.disable_group(ADMINS)

    assert directory.person(RITA, HERE, [ADMINS]).groups == frozenset()


def test_without_the_scope_there_is_no_answer(slack: SandboxSlack, directory: Directory) -> None:
    slack.scopes.discard("usergroups:read")

    with pytest.raises(DirectoryUnavailable):
        directory.person(RITA, HERE, [ADMINS])


def test_a_fault_names_the_method_and_no_secret(slack: SandboxSlack, directory: Directory) -> None:
    slack.faults.add(Fault.reset(target="auth.test"))

    with pytest.raises(DirectoryUnavailable) as fault:
        directory.person(RITA, HERE, [])

    assert str(fault.value).startswith("auth.test: ")
    assert slack.bot_token not in str(fault.value)


class Slack(WebClient):
    """A Slack that says what the sandbox cannot say."""

    def __init__(self, **answers: Json) -> None:
        super().__init__(token="xoxb-test")
        self._answers: dict[str, Json] = {
            "auth_test": {"team_id": HERE},
            "users_info": {"user": {"id": RITA, "team_id": HERE}},
            "usergroups_list": {"usergroups": [{"id": ADMINS, "users": [RITA]}]},
            **answers,
        }

    def api_call(self, api_method: str, **_: Any) -> SlackResponse:
        return SlackResponse(
            client=self,
            http_verb="POST",
            api_url=api_method,
            req_args={},
            data=self._answers[api_method.replace(".", "_")],
            headers={},
            status_code=200,
        )


@pytest.mark.parametrize(
    "answer",
    [
        {"auth_test": {}},
        {"users_info": {}},
        {"users_info": {"user": None}},
        {"users_info": {"user": {"id": GITA, "team_id": HERE}}},
        {"usergroups_list": {}},
        {"usergroups_list": {"usergroups": ADMINS}},
        {"usergroups_list": {"usergroups": [{"id": ADMINS}]}},
        {"usergroups_list": {"usergroups": [{"id": ADMINS, "user_count": "1"}]}},
        {"usergroups_list": {"usergroups": [{"id": ADMINS, "users": RITA}]}},
    ],
    ids=str,
)
def test_an_answer_that_does_not_say_what_was_asked_is_none(answer: Json) -> None:
    with pytest.raises(DirectoryUnavailable):
        Directory(Slack(**answer)).person(RITA, HERE, [ADMINS])


@pytest.mark.parametrize(
    "group",
    [
        {"id": ADMINS, "user_count": "0"},
        {"id": ADMINS, "user_count": 0, "users": None},
        {"id": ADMINS, "users": [RITA], "date_delete": 1764000000},
        {"users": [RITA]},
        ADMINS,
    ],
    ids=["no list of none", "null", "disabled", "no id", "no group"],
)
def test_a_group_without_members_by_any_way_to_say_it_has_none(group: object) -> None:
    directory = Directory(Slack(usergroups_list={"usergroups": [group]}))

    assert directory.person(RITA, HERE, [ADMINS]).groups == frozenset()


def test_of_a_group_that_slack_says_nothing_of_nothing_is_known() -> None:
    groups = [{"id": ADMINS, "user_count": "9"}, {"id": DEVELOPERS, "users": [RITA]}]
    directory = Directory(Slack(usergroups_list={"usergroups": groups}))

    assert directory.person(RITA, HERE, [DEVELOPERS]).groups == {DEVELOPERS}
    assert directory.known(RITA, HERE).asked == {DEVELOPERS}


def test_somebody_of_whom_slack_names_no_team_is_an_outsider() -> None:
    directory = Directory(Slack(users_info={"user": {"id": RITA}}))

    assert directory.person(RITA, HERE, []).standing is Standing.OUTSIDER


def test_a_workflow_is_a_bot() -> None:
    workflow = {"id": RITA, "team_id": HERE, "is_workflow_bot": True}

    assert (
        Directory(Slack(users_info={"user": workflow})).person(RITA, HERE, []).standing
        is Standing.BOT
    )


@pytest.mark.parametrize(
    ("user", "standing"),
    [
        ({"team_id": "T0SISTER", "enterprise_user": {"enterprise_id": "E0OURS"}}, Standing.MEMBER),
        ({"team_id": "T0SISTER", "enterprise_user": {"teams": [HERE]}}, Standing.MEMBER),
        ({"team_id": "T0SISTER", "enterprise_user": {"teams": ["T0SISTER"]}}, Standing.OUTSIDER),
        ({"team_id": "T0X", "enterprise_user": {"enterprise_id": "E0THEIRS"}}, Standing.OUTSIDER),
    ],
    ids=["of our organisation", "of our workspace", "of a sister workspace only", "of another"],
)
def test_within_an_enterprise_whoever_belongs_to_it_is_here(user: Json, standing: Standing) -> None:
    directory = Directory(
        Slack(
            auth_test={"team_id": HERE, "enterprise_id": "E0OURS"},
            users_info={"user": {"id": RITA, **user}},
        )
    )

    assert directory.person(RITA, "T0SISTER", []).standing is standing
