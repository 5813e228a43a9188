"""`dbaccess init --answers FILE`: the same without a terminal."""

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.cli import app
from bot.cli.init.answers import ENVIRONMENT_KEYS, POLICY_KEYS
from bot.cli.init.shipped import ANSWERS_EXAMPLE, shipped
from bot.config import load_policy, load_settings
from tests.cli.init.newcomer import ANSWERS, Newcomer


def init(newcomer: Newcomer, answers: str | None, **env: str) -> Result:
    """Run it, with the secrets in the environment unless *env* takes one away."""
    options = []
    if answers is not None:
        file = newcomer.folder.parent / "answers.toml"
        file.write_text(answers)
        options = ["--answers", str(file)]
    secrets = {name: value for name, value in {**newcomer.secrets, **env}.items() if value}
    return CliRunner().invoke(app, ["init", *options], env=secrets)


def test_everything_comes_from_the_file_and_the_environment(newcomer: Newcomer) -> None:
    result = init(newcomer, ANSWERS)

    assert result.exit_code == 0, result.output
    orders = load_policy(newcomer.policy_file).clusters["orders"]
    assert (orders.approvers, orders.channel) == (("U0ALICE", "S0DBADMINS"), "C0APPROVALS")
    assert load_settings().slack_app_token is not None
    assert newcomer.files() == {".env", "dbaccess.toml"}
    assert '"U0ALICE",                    # @alice' in result.stdout  # nobody saw it before
    assert "ok    cluster orders" in result.stdout
    assert newcomer.no_secret_in(result.output)


def test_the_answers_that_are_missing_are_listed_all_at_once(newcomer: Newcomer) -> None:
    result = init(newcomer, 'channel = "#db-approvals"\n', DIGITALOCEAN_TOKEN="")

    assert result.exit_code == 2
    lines = result.stderr.splitlines()
    assert [line.split(": ")[1] for line in lines] == [
        "connection", "digitalocean_token", "clusters", "operators", "approvers",
        "approvals", "max_duration", "requesters",
    ]  # fmt: skip
    assert "is missing (or set DIGITALOCEAN_TOKEN)" in result.stderr
    assert newcomer.files() == set()
    assert newcomer.slack.calls == []


def test_over_http_no_app_token_is_missing(newcomer: Newcomer) -> None:
    result = init(newcomer, 'connection = "https://db.acme.example"\n', SLACK_APP_TOKEN="")

    assert "slack_app_token" not in result.stderr


@pytest.mark.parametrize(
    ("old", "new", "code", "words"),
    [
        ("approvals = 2", "aprovals = 2", 2, "aprovals: unknown key, did you mean approvals?"),
        ("approvals = 2", "approvals = 2.5", 2, "approvals: must be text, a number or a list"),
        ("approvals = 2", "approvals = [", 2, "answers.toml: "),
        ('"@alice"', '"@alcie"', 1, "Nobody is called @alcie. Closest: @alice (U0ALICE)"),
        ('"@alice"', '"alex"', 1, "alex fits several: @alex (alex.kim), Alex Kim (U0KIM) | @alex"),
        ('"@alice"', '"Lee"', 1, "Anybody may call themselves Lee. Here it is: @Lee (lee.1)"),
        ('["orders"]', '["oders"]', 1, "There is no cluster oders. Did you mean orders?"),
        ('["orders"]', '{ a = "orders", b = "orders" }', 1, "orders has two names."),
        ('["orders"]', '{ o = "orders", a = "analytics" }', 1, "FAULT cluster a"),
        ("may_post = true\n", "", 1, "Set may_post = true to allow that."),
        ('"socket"', '"http://acme.example"', 1, "Answer `socket`, or an address"),
        ('"2h"', '"2 fortnights"', 1, "isn't a duration"),
    ],
)
def test_what_is_wrong_is_named_by_its_key_and_nothing_is_asked(
    newcomer: Newcomer, old: str, new: str, code: int, words: str
) -> None:
    newcomer.slack.add_user("U0KIM", "alex.kim", display_name="alex")
    newcomer.slack.add_user("U0LEE", "alex.lee", display_name="alex")
    newcomer.slack.add_user("U0LEE1", "lee.1", display_name="Lee")
    assert old in ANSWERS

    result = init(newcomer, ANSWERS.replace(old, new))

    assert result.exit_code == code, result.output
    assert words in result.output


def test_all_that_is_wrong_is_named_at_once_and_nothing_is_posted(newcomer: Newcomer) -> None:
    wrong = (
        ANSWERS.replace('"@alice"', '"@nobody-here"')
        .replace('["orders"]', '["oders"]')
        .replace('"#db-ops"', '"db ops"')
        .replace('"2h"', '"8 lightyears"')
        .replace("approvals = 2", "approvals = 99")
    )

    result = init(newcomer, wrong, SLACK_SIGNING_SECRET="abc")

    assert result.exit_code == 1
    assert [line.partition(" ")[0] for line in result.stderr.splitlines()] == [
        "slack_signing_secret", "clusters", "approvers", "approvals", "max_duration", "operators",
    ]  # fmt: skip
    assert newcomer.slack.messages("C0APPROVALS") == newcomer.slack.messages("C0OPS") == []
    assert newcomer.files() == set()


def test_without_slack_what_needs_none_is_judged_all_the_same(newcomer: Newcomer) -> None:
    wrong = ANSWERS.replace('["orders"]', '["oders"]').replace('"2h"', '"8 lightyears"')

    result = init(newcomer, wrong, SLACK_BOT_TOKEN="xoxb-not-this-one")

    assert [line.partition(" ")[0] for line in result.stderr.splitlines()] == [
        "slack_bot_token", "clusters", "max_duration",
    ]  # fmt: skip


def test_people_are_counted_once_however_they_are_named(newcomer: Newcomer) -> None:
    result = init(newcomer, ANSWERS.replace("approvals = 2", "approvals = 3"))

    assert result.exit_code == 1
    assert "approvals (" in result.stderr
    assert "Of those you named, only 2 people can approve. Name more, or lower it." in result.stderr
    assert newcomer.files() == set()


@pytest.mark.parametrize("who", ["guest", "deactivated"])
def test_of_a_group_only_those_count_who_can_approve(newcomer: Newcomer, who: str) -> None:
    newcomer.slack.add_user("U0GIL", "gil", is_restricted=who == "guest")
    newcomer.slack.add_group("S0DBADMINS", "db-admins", ["U0ALICE", "U0GIL"])
    if who == "deactivated":
        newcomer.slack.deactivate_user("U0GIL", tell_bot=False)

    result = init(newcomer, ANSWERS)

    assert "only 1 person can approve" in result.stderr


def test_an_open_cluster_is_said_before_anything_is_posted(newcomer: Newcomer) -> None:
    wrong = ANSWERS.replace('["orders"]', '{ a = "analytics" }').replace('"2h"', '"soon"')

    result = init(newcomer, wrong)

    assert "analytics is open to the world. dbaccess refuses requests for it" in result.stderr
    assert newcomer.slack.messages("C0APPROVALS") == []


def test_a_channel_that_was_found_is_named_by_its_id_where_the_other_is_wrong(
    newcomer: Newcomer,
) -> None:
    result = init(newcomer, ANSWERS.replace("#db-ops", "#db-opps"))

    assert "dbaccess is not in #db-opps" in result.stderr
    assert 'write channel = "C0APPROVALS", so that nothing is posted again' in result.stderr


def test_an_answers_file_with_secrets_that_everybody_may_read_is_named(newcomer: Newcomer) -> None:
    assert "chmod" not in init(newcomer, ANSWERS).stderr

    (newcomer.folder.parent / "answers.toml").chmod(0o644)
    token = newcomer.digitalocean.token
    result = init(newcomer, f'{ANSWERS}digitalocean_token = "{token}"\n', DIGITALOCEAN_TOKEN="")

    assert "has secrets, and everybody may read it (0644). Type `chmod 600 " in result.stderr


def test_a_folder_that_cannot_be_written_is_said_before_anything_else(
    newcomer: Newcomer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DBACCESS_CONFIG", "nowhere/policy.toml")

    result = init(newcomer, ANSWERS)

    assert result.exit_code == 1
    assert result.stderr.endswith("/nowhere cannot be written: No such file or directory.\n")
    assert newcomer.slack.calls == []


def test_a_wrong_token_says_where_it_stands(newcomer: Newcomer) -> None:
    result = init(newcomer, ANSWERS, SLACK_BOT_TOKEN="xoxb-not-this-one")

    assert result.exit_code == 1
    assert "slack_bot_token (SLACK_BOT_TOKEN in the environment): Slack says" in result.stderr
    assert "xoxb-not" not in result.output
    assert newcomer.files() == set()


def test_a_secret_may_stand_in_a_file_of_its_own(newcomer: Newcomer) -> None:
    file = newcomer.folder.parent / "digitalocean"
    file.write_text(f"{newcomer.digitalocean.token}\n")

    by_answer = f'{ANSWERS}digitalocean_token_file = "{file}"\n'
    answered = init(newcomer, by_answer, DIGITALOCEAN_TOKEN="")

    assert answered.exit_code == 0, answered.output
    assert f"DIGITALOCEAN_TOKEN_FILE={file}\n" in newcomer.env_file.read_text()
    assert newcomer.digitalocean.token not in newcomer.env_file.read_text()
    assert load_settings().digitalocean_token.get_secret_value() == newcomer.digitalocean.token

    newcomer.env_file.unlink()
    by_variable = init(newcomer, ANSWERS, DIGITALOCEAN_TOKEN="", DIGITALOCEAN_TOKEN_FILE=str(file))
    assert by_variable.exit_code == 0, by_variable.output
    assert init(newcomer, ANSWERS, **dict.fromkeys(newcomer.secrets, "")).exit_code == 0


def test_of_an_env_file_that_is_there_every_answer_counts(newcomer: Newcomer) -> None:
    init(newcomer, ANSWERS)
    newcomer.policy_file.unlink()

    result = init(
        newcomer,
        ANSWERS.replace('"socket"', '"https://db.acme.example"') + 'slack_bot_token = "xoxb-1"\n',
        **dict.fromkeys(newcomer.secrets, ""),
    )

    assert result.exit_code == 0, result.output


def test_a_file_that_is_not_there_is_said_in_one_line(newcomer: Newcomer) -> None:
    missing = CliRunner().invoke(app, ["init", "--answers", "nowhere.toml"])
    assert (missing.exit_code, missing.stderr) == (2, "nowhere.toml: there is no such file\n")

    secret = init(newcomer, f'{ANSWERS}slack_bot_token_file = "nowhere"\n')
    assert (secret.exit_code, secret.stderr) == (2, "nowhere: No such file or directory\n")


def test_without_a_terminal_and_without_answers_one_sentence_says_what_to_do(
    newcomer: Newcomer,
) -> None:
    result = init(newcomer, None)

    assert result.exit_code == 2
    assert result.stderr.startswith("dbaccess init asks questions, so it needs a terminal.")
    assert "dbaccess init --answers FILE" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_second_run_changes_nothing(newcomer: Newcomer) -> None:
    init(newcomer, ANSWERS)
    before = {file: file.read_bytes() for file in newcomer.folder.iterdir()}

    again = init(newcomer, ANSWERS.replace("approvals = 2", "approvals = 1"))

    assert again.exit_code == 0, again.output
    assert {file: file.read_bytes() for file in newcomer.folder.iterdir()} == before
    assert ".env is here already and stays as it is." in again.stdout
    assert "dbaccess.toml is here already and stays as it is." in again.stdout


def test_an_env_file_that_is_there_needs_no_answers_of_its_own(newcomer: Newcomer) -> None:
    init(newcomer, ANSWERS)
    newcomer.policy_file.unlink()
    nothing = dict.fromkeys(newcomer.secrets, "")

    result = init(newcomer, ANSWERS.replace('connection = "socket"\n', ""), **nothing)

    assert result.exit_code == 0, result.output
    assert newcomer.policy_file.exists()


def test_the_template_has_every_key_and_is_taken_as_it_stands(newcomer: Newcomer) -> None:
    template = CliRunner().invoke(app, ["init", "--answers-template"]).stdout
    assert template == shipped(ANSWERS_EXAMPLE)
    assert all(key in template for key in (*ENVIRONMENT_KEYS, *POLICY_KEYS, "instance"))

    newcomer.slack.scopes.add("users:read.email")
    result = init(newcomer, template)

    assert result.exit_code == 0, result.output


def test_the_policy_file_may_lie_elsewhere(
    newcomer: Newcomer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "etc"
    elsewhere.mkdir()
    monkeypatch.setitem(os.environ, "DBACCESS_CONFIG", str(elsewhere / "policy.toml"))

    assert init(newcomer, ANSWERS).exit_code == 0
    assert load_policy(elsewhere / "policy.toml").instance == "prod"
