"""What `dbaccess init` makes of the files it ships: the link, `.env`, `dbaccess.toml`."""

import io
import tomllib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml
from dotenv import dotenv_values

from bot.cli.init.clusters import Cluster, check_alias, proposed_alias
from bot.cli.init.manifest import creation_link
from bot.cli.init.people import EVERYONE, Principal
from bot.cli.init.rendering import PolicyAnswers, environment_text, policy_text
from bot.cli.init.shipped import (
    ENVIRONMENT_EXAMPLE,
    MANIFEST,
    POLICY_EXAMPLE,
    shipped,
)
from bot.cli.init.writing import write_new
from bot.config import Settings, parse_policy
from bot.providers.base import ListedCluster
from bot.slack.workspace_names import NamedChannel
from tests.cli.init.newcomer import ANALYTICS, ORDERS, ROOT

ADDRESS = "https://db.acme.example"
HOSTILE = 'x"]\napprovals = 1 #\x1b[2J\u2028'


def policy(**instead: object) -> PolicyAnswers:
    orders = Cluster(ListedCluster(ORDERS, "orders", "pg", "fra1"), 2)
    usual = PolicyAnswers(
        instance="prod",
        operators=NamedChannel("C0OPS", "db-ops"),
        channel=NamedChannel("C0APPROVALS", ""),
        approvers=(Principal("U0ALICE", "@alice"), Principal("S0DBADMINS", "@db-admins")),
        requesters=(EVERYONE,),
        approvals=2,
        max_duration=timedelta(hours=8),
        clusters={"orders": orders},
    )
    return replace(usual, **instead)  # type: ignore[arg-type]


def manifest_in(link: str) -> dict[str, object]:
    """The manifest that Slack reads out of a link."""
    asked = urlsplit(link)
    assert (asked.netloc, asked.path) == ("api.slack.com", "/apps")
    parameters = parse_qs(asked.query)
    assert parameters.pop("new_app") == ["1"]
    [text] = parameters.pop("manifest_yaml")
    assert not parameters
    read: dict[str, object] = yaml.safe_load(text)
    return read


def expected(*, address: str | None) -> dict[str, object]:
    """The manifest at the top level, changed as its own first lines say."""
    read = yaml.safe_load((ROOT / "manifest.yml").read_text())
    settings, [command] = read["settings"], read["features"]["slash_commands"]
    if address is None:
        settings["socket_mode_enabled"] = True
        del command["url"], settings["event_subscriptions"]["request_url"]
        del settings["interactivity"]["request_url"]
        del settings["interactivity"]["message_menu_options_url"]
    else:
        command["url"] = f"{address}/slack/events"
        settings["event_subscriptions"]["request_url"] = f"{address}/slack/events"
        settings["interactivity"]["request_url"] = f"{address}/slack/events"
        settings["interactivity"]["message_menu_options_url"] = f"{address}/slack/events"
    return read  # type: ignore[no-any-return]


@pytest.mark.parametrize("address", [None, ADDRESS])
def test_the_link_has_the_manifest_filled_in(address: str | None) -> None:
    link = creation_link(address)

    assert manifest_in(link) == expected(address=address)
    assert " " not in link
    assert link.isascii()


@pytest.mark.parametrize("name", [MANIFEST, POLICY_EXAMPLE, ENVIRONMENT_EXAMPLE])
def test_what_is_shipped_is_the_file_at_the_top_level_and_the_wheel_has_it(name: str) -> None:
    assert shipped(name) == (ROOT / name).read_text()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    included = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert included[name] == f"bot/cli/init/{name}"
    assert name in project["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
    assert f"!{name}\n" in (ROOT / ".dockerignore").read_text()


def test_every_comment_of_the_examples_is_in_what_is_written() -> None:
    written = policy_text(policy())
    for line in shipped(POLICY_EXAMPLE).splitlines():
        code, _, comment = line.partition("# ")
        if code.strip() and comment and not code.startswith("id ="):
            assert comment in written, line
    env = environment_text({"SLACK_BOT_TOKEN": "xoxb-1"})
    comments = [line for line in shipped(ENVIRONMENT_EXAMPLE).splitlines() if line[:2] == "# "]
    assert all(comment.removeprefix("# Copy to .env. ") in env for comment in comments)
    assert "Copy to" not in env + written


def test_the_policy_is_read_as_it_was_answered() -> None:
    analytics = Cluster(ListedCluster(ANALYTICS, "analytics", "mysql", "fra1"), 1)
    answers = policy(
        requesters=(Principal("U0RITA", "@rita"),),
        max_duration=timedelta(minutes=30),
        clusters={"orders": policy().clusters["orders"], "numbers": analytics},
    )

    read = parse_policy(tomllib.loads(policy_text(answers)))

    assert list(read.clusters) == ["orders", "numbers"]
    for cluster in read.clusters.values():
        assert cluster.approvers == ("U0ALICE", "S0DBADMINS")
        assert cluster.requesters == ("U0RITA",)
        assert cluster.max_duration == cluster.default_duration == timedelta(minutes=30)
        assert not cluster.allow_open
    assert str(read.clusters["numbers"].id) == ANALYTICS


def test_no_name_of_others_is_more_than_a_comment() -> None:
    cluster = Cluster(ListedCluster(ORDERS, HOSTILE, HOSTILE, HOSTILE), 2)
    channel = NamedChannel("C0OPS", HOSTILE)

    text = policy_text(policy(operators=channel, clusters={"orders": cluster}))

    assert parse_policy(tomllib.loads(text)).clusters["orders"].approvals == 2
    assert "\x1b" not in text


def test_an_env_file_is_read_as_it_was_answered() -> None:
    values = {
        "SLACK_BOT_TOKEN": "xoxb-1-a",
        "SLACK_SIGNING_SECRET": "0" * 32,
        "DIGITALOCEAN_TOKEN_FILE": "/run/secrets/digital ocean",
        "DBACCESS_PUBLIC_URL": ADDRESS,
        "SLACK_API_URL": "http://127.0.0.1:1/api/",
    }

    text = environment_text(values)

    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert dict(line.split("=", 1) for line in lines) == values
    assert dotenv_values(stream=io.StringIO(text)) == values
    assert list(dict(line.split("=", 1) for line in lines)) == list(values), "where the example is"
    assert "your-" not in "\n".join(lines)


@pytest.mark.parametrize(
    ("name", "alias"),
    [
        ("orders", "orders"),
        ("db-postgresql-fra1-12345", "db-postgresql-fra1-12345"),
        ("Orders DB (main)", "orders-db-main"),
        ("2-shards", "db-2-shards"),
        ("---", "db"),
        ("ü", "db"),
        ("x" * 60, "x" * 32),
        ("taken", "taken-2"),
    ],
)
def test_an_alias_is_made_of_a_name(name: str, alias: str) -> None:
    proposed = proposed_alias(name, {"taken"})

    assert proposed == alias
    assert check_alias(proposed) == proposed


def test_a_file_is_written_whole_or_not_at_all_and_never_over_another(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    write_new(file, "first\n", mode=0o600)

    with pytest.raises(FileExistsError):
        write_new(file, "second\n", mode=0o600)

    assert file.read_text() == "first\n"
    assert [one.name for one in tmp_path.iterdir()] == [".env"]


def test_a_link_in_the_place_of_a_file_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / ".env").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(FileExistsError):
        write_new(tmp_path / ".env", "secret\n", mode=0o600)

    assert not (tmp_path / "elsewhere").exists()


def test_where_a_file_system_has_no_links_nothing_is_replaced_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(self: Path, target: Path) -> None:
        raise PermissionError("no links here")

    monkeypatch.setattr(Path, "hardlink_to", refused)
    write_new(tmp_path / ".env", "first\n", mode=0o600)
    with pytest.raises(FileExistsError):
        write_new(tmp_path / ".env", "second\n", mode=0o600)

    assert (tmp_path / ".env").read_text() == "first\n"
    assert [one.name for one in tmp_path.iterdir()] == [".env"]


def test_the_variables_are_those_that_are_read() -> None:
    named = dotenv_values(stream=None, dotenv_path=ROOT / ".env.example")
    assert {name.lower() for name in named} <= set(Settings.model_fields)
