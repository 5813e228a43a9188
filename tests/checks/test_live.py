"""`dbaccess check --live`: one real command from Slack, and what is said of it (P8)."""

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
import requests
from pydantic import SecretStr

from bot.checks import live
from bot.checks.findings import Finding, Level
from bot.checks.live import check_live
from bot.config import Settings
from dbaccess_playground.slack.sandbox import SandboxSlack
from tests.checks.operator_folder import Operator
from tests.waiting import eventually

RITA, GENERAL = "U0RITA", "C0GENERAL"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
BODY = b"command=%2Fdbaccess&text=help&user_id=U0RITA&trigger_id=1.x"


@pytest.fixture
def slack() -> Iterator[SandboxSlack]:
    with SandboxSlack() as made:
        made.add_user(RITA, "rita")
        made.add_channel(GENERAL, "general")
        yield made


def settings_of(slack: SandboxSlack, **changes: object) -> Settings:
    return Settings(
        _env_file=None,  # type: ignore[call-arg]  # pydantic-settings takes it
        slack_bot_token=SecretStr(slack.bot_token),
        slack_signing_secret=SecretStr(slack.signing_secret),
        slack_api_url=slack.api_url,
        digitalocean_token=SecretStr("dop_v1_0"),
        port=0,
    ).model_copy(update=changes)


def examined(
    settings: Settings, act: Callable[[str], object], *, seconds: float = 30
) -> tuple[Finding, list[str]]:
    """Run the check; once it waits, *act*, told where it listens. Return what was announced too."""
    announced: list[str] = []
    actors: list[threading.Thread] = []

    def announce(words: str) -> None:
        announced.append(words)
        url = re.search(r"http://\S+\d", words)
        actors.append(threading.Thread(target=act, args=[url[0] if url else ""]))
        actors[-1].start()

    finding = check_live(settings, announce=announce, wait_seconds=seconds)
    for actor in actors:
        actor.join()
    return finding, announced


def types_help(slack: SandboxSlack) -> Callable[[str], None]:
    def act(url: str) -> None:
        slack.bot_url = url or None
        slack.command(RITA, "help", channel_id=GENERAL)

    return act


def posts(headers: dict[str, str]) -> Callable[[str], None]:
    def act(url: str) -> None:
        with suppress(requests.ConnectionError):  # the check may be over before it has answered
            requests.post(f"{url}/slack/events", BODY, headers={**FORM, **headers}, timeout=10)

    return act


def test_a_command_that_arrives_is_told_and_whoever_typed_it_reads_so(slack: SandboxSlack) -> None:
    finding, [announced] = examined(settings_of(slack), types_help(slack))

    assert (finding.level, finding.words) == (Level.OK, "arrived, signature right")
    assert "Type /dbaccess help in Slack now" in announced
    assert [m.text for m in slack.ephemerals(RITA)] == ["dbaccess check: this arrived."]


def test_the_secret_of_another_app_is_told(slack: SandboxSlack) -> None:
    settings = settings_of(slack, slack_signing_secret=SecretStr("another"))

    finding, _ = examined(settings, types_help(slack))

    assert finding.level is Level.FAULT
    assert "SLACK_SIGNING_SECRET is of another app" in finding.words


def test_while_the_secret_is_rotated_it_says_by_which_one_slack_signed(slack: SandboxSlack) -> None:
    old = settings_of(slack, slack_signing_secret=SecretStr(f"new,{slack.signing_secret}"))
    new = settings_of(slack, slack_signing_secret=SecretStr(f"{slack.signing_secret},old"))

    by_old, _ = examined(old, types_help(slack))
    by_new, _ = examined(new, types_help(slack))

    assert by_old.level is Level.HINT
    assert "signed with the second of SLACK_SIGNING_SECRET" in by_old.words
    assert (by_new.level, by_new.words) == (Level.OK, "arrived, signature right")


def test_a_clock_that_is_off_is_told_with_by_how_much(slack: SandboxSlack) -> None:
    finding, _ = examined(settings_of(slack), posts(slack.signed(BODY, at=time.time() - 600)))

    assert finding.level is Level.FAULT
    assert re.search(r"arrived, but this machine's clock is 6\d\d s ahead", finding.words)


def test_what_is_not_from_slack_is_not_what_is_waited_for(slack: SandboxSlack) -> None:
    answered: list[int] = []

    def act(url: str) -> None:
        answered.append(requests.post(f"{url}/slack/events", BODY, timeout=10).status_code)
        types_help(slack)(url)

    finding, _ = examined(settings_of(slack), act)

    assert answered == [401]
    assert finding.level is Level.OK


def test_where_nothing_arrives_it_says_what_to_look_at(slack: SandboxSlack) -> None:
    finding, _ = examined(settings_of(slack), lambda _url: None, seconds=0.1)

    assert finding.level is Level.FAULT
    assert "nothing arrived within 0.1 s" in finding.words
    assert "Request URL" in finding.words


def test_a_port_that_is_taken_is_told_with_what_to_do(slack: SandboxSlack) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = settings_of(slack, port=taken.getsockname()[1])

        finding, announced = examined(settings, lambda _url: None)

    assert finding.level is Level.FAULT
    assert "If dbaccess runs there, stop it for this check" in finding.words
    assert announced == []


def test_by_socket_mode_it_connects_and_waits_likewise(slack: SandboxSlack) -> None:
    settings = settings_of(slack, slack_app_token=SecretStr(slack.app_token))

    def act(_url: str) -> None:
        eventually(lambda: slack.socket.connected)
        types_help(slack)("")

    finding, announced = examined(settings, act)

    assert (finding.level, finding.words) == (Level.OK, "arrived by Socket Mode")
    assert "If dbaccess is running, stop it meanwhile" in "".join(announced)
    assert [m.text for m in slack.ephemerals(RITA)] == ["dbaccess check: this arrived."]


def test_an_app_token_that_slack_does_not_know_is_told(slack: SandboxSlack) -> None:
    settings = settings_of(slack, slack_app_token=SecretStr("xapp-wrong"))

    finding, announced = examined(settings, lambda _url: None)

    assert finding.level is Level.FAULT
    assert "by SLACK_APP_TOKEN: Slack says invalid_auth" in finding.words
    assert announced == []


def test_check_waits_for_slack_only_when_it_is_told_to(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    operator.env["PORT"] = "0"
    monkeypatch.setattr(live, "WAIT_SECONDS", 0.1)

    assert "live request" not in operator.check().output
    found = operator.check("--live")

    assert "FAULT live request" in re.sub(" +", " ", found.stdout)
    assert "Type /dbaccess help in Slack now." in found.stderr
    assert found.exit_code == 1
