"""The stream in dbaccess.toml, and its secret in the environment."""

from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner

from bot.cli.app import app
from bot.config import ConfigError, Settings, load_policy, load_settings, parse_policy
from bot.live_policy import LivePolicy, Reload
from bot.redaction import Redaction
from tests.stream.siem import KEY, OLD_KEY, OLD_SECRET, SECRET

CONFIG = """
instance = "prod"
operators = "C0OPS"

[clusters.orders]
id = "9cc10173-e9ea-4176-9dbc-a4cee4c4ff30"
channel = "C0APPROVALS"
approvers = ["U0ALICE"]
"""
STREAM = '[stream]\nurl = "https://siem.example.com/dbaccess"\n'
REQUIRED = {
    "SLACK_BOT_TOKEN": "xoxb-bot-secret",
    "SLACK_SIGNING_SECRET": "signing-secret",
    "DIGITALOCEAN_TOKEN": "dop_v1_ocean_secret",
}


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in REQUIRED.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "dbaccess.toml").write_text(CONFIG + STREAM)


def policy(url: object) -> Any:
    orders = {
        "id": "9cc10173-e9ea-4176-9dbc-a4cee4c4ff30",
        "channel": "C0APPROVALS",
        "approvers": ["U0ALICE"],
    }
    written = {"instance": "prod", "operators": "C0OPS", "clusters": {"orders": orders}}
    return parse_policy(written | {"stream": {"url": url}})


@pytest.mark.parametrize(
    "url",
    [
        "https://siem.example.com/dbaccess",
        "https://siem.example.com:8443/in?source=dbaccess",
        "https://10.0.0.7/",
        "http://127.0.0.1:8080/in",
        "http://localhost/in",
        "http://[::1]:8080/in",
    ],
)
def test_the_receiver_is_https_or_on_this_machine(url: str) -> None:
    assert policy(url).stream.url == url


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://siem.example.com/", "must begin with https:// (http:// for this machine alone)"),
        ("http://127.0.0.1.example.com/", "must begin with https://"),
        ("http://10.0.0.7/", "must begin with https://"),
        ("ftp://siem.example.com/", "must begin with https://"),
        ("siem.example.com/dbaccess", "isn't a web address"),
        ("https://", "isn't a web address"),
        ("https:///dbaccess", "isn't a web address"),
        ("https://siem.example.com:x/", "isn't a web address"),
        ("https://siem.example.com/a b", "isn't a web address"),
        ("https://siem.example.com/\r\nX: y", "isn't a web address"),
        ("https://siem.example.com/#part", "isn't a web address"),
        ("https://s\u0456em.example.com/", "isn't a web address"),
        ("https://me:hunter2@siem.example.com/", "must not have a login in it"),
        ("https://hunter2@siem.example.com/", "must not have a login in it"),
    ],
)
def test_any_other_address_is_refused_with_the_reason(url: str, reason: str) -> None:
    with pytest.raises(ConfigError) as error:
        policy(url)
    [problem] = error.value.problems
    assert problem.startswith(f"dbaccess.toml: stream.url: {reason}")
    assert "hunter2" not in problem


def test_a_misspelt_key_is_named(tmp_path: Path) -> None:
    (tmp_path / "dbaccess.toml").write_text(CONFIG + '[stream]\nurll = "https://a.example/"\n')
    with pytest.raises(ConfigError, match=r"stream\.urll: unknown key, did you mean url\?"):
        load_policy(tmp_path / "dbaccess.toml")


@pytest.mark.parametrize("command", ["serve", "web", "worker", "check"])
def test_without_its_secret_nothing_starts(command: str) -> None:
    result = CliRunner().invoke(app, [command])
    assert result.exit_code == (1 if command == "check" else 78)
    assert "DBACCESS_STREAM_SECRET: is missing, [stream] needs it" in result.output


@pytest.mark.parametrize(
    ("value", "keys"),
    [
        (SECRET, (KEY,)),
        (f"{OLD_SECRET}, {SECRET}", (OLD_KEY, KEY)),
    ],
)
def test_its_secret_is_one_or_two_while_it_is_rotated_and_hidden_in_any_form(
    monkeypatch: pytest.MonkeyPatch, value: str, keys: tuple[bytes, ...]
) -> None:
    """P8."""
    monkeypatch.setenv("DBACCESS_STREAM_SECRET", value)
    settings = load_settings()
    assert settings.stream_keys() == keys
    assert settings.lacks(load_policy(Path("dbaccess.toml"))) == []
    redaction = Redaction(settings.secrets())
    for secret in value.split(", "):
        for said in (secret, secret.removeprefix("whsec_")):
            assert redaction.clean(f"it is {said}!") == "it is [secret]!"
    assert Redaction().clean(f"it is {SECRET}") == "it is [secret]"
    assert SECRET not in repr(settings)


@pytest.mark.parametrize(
    "value", ["secret", "whsec_c2hvcnQ=", f"{SECRET},", f"{SECRET},{OLD_SECRET},{SECRET}"]
)
def test_what_is_no_secret_of_that_kind_is_refused_and_not_repeated(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("DBACCESS_STREAM_SECRET", value)
    with pytest.raises(ConfigError, match="DBACCESS_STREAM_SECRET: ") as error:
        load_settings()
    assert value not in str(error.value)
    assert SECRET not in str(error.value)


def test_an_empty_secret_is_an_unset_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBACCESS_STREAM_SECRET", "")
    assert load_settings().dbaccess_stream_secret is None


def test_a_reload_that_begins_a_stream_without_a_secret_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "dbaccess.toml"
    file.write_text(CONFIG)
    settings = Settings()  # type: ignore[call-arg]
    live = LivePolicy(load_policy(file), file, settings.lacks)
    file.write_text(CONFIG + STREAM)

    with capture_logs() as logs:
        assert live.reload() is Reload.REFUSED

    assert live().stream is None
    assert "DBACCESS_STREAM_SECRET" in logs[0]["problem"]
