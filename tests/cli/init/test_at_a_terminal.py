"""`dbaccess init` asked and answered: what it takes, what it refuses, what it leaves behind."""

import errno
import os
import stat
import tempfile
import threading
import webbrowser
from pathlib import Path

import pytest
from dotenv import dotenv_values

from bot.config import load_policy, load_settings
from tests.cli.init.newcomer import ORDERS, Newcomer
from tests.cli.init.scripted_terminal import CTRL_C
from tests.waiting import eventually


def test_an_empty_folder_becomes_one_that_dbaccess_starts_in(
    newcomer: Newcomer, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal = newcomer.sits_down()

    policy = load_policy(newcomer.policy_file)
    orders = policy.clusters["orders"]
    assert (str(orders.id), orders.channel, policy.operators) == (ORDERS, "C0APPROVALS", "C0OPS")
    assert (orders.approvers, orders.approvals) == (("U0ALICE", "S0DBADMINS"), 2)
    assert str(orders.max_duration) == "2:00:00"
    assert load_settings().slack_bot_token.get_secret_value() == newcomer.slack.bot_token
    assert newcomer.files() == {".env", "dbaccess.toml"}
    printed = capsys.readouterr().out
    assert "No faults" not in printed  # that is on the other stream
    assert "ok    cluster orders" in printed
    assert "dbaccess serve" in printed
    assert newcomer.no_secret_in(terminal.shown + printed)
    assert newcomer.slack.problems == []


def test_only_the_owner_may_read_the_secrets(newcomer: Newcomer) -> None:
    newcomer.sits_down()

    assert stat.S_IMODE(newcomer.env_file.stat().st_mode) == 0o600
    values = dotenv_values(newcomer.env_file)
    assert newcomer.secrets.items() <= values.items()
    assert len(values["DBACCESS_AUDIT_KEY"] or "") == 64


def test_each_id_has_the_name_behind_it_that_it_was_given_by(newcomer: Newcomer) -> None:
    newcomer.sits_down()

    assert newcomer.comments() == {
        "C0OPS": "#db-ops: channel for alarms",
        "C0APPROVALS": "#db-approvals: where requests are decided",
        "U0ALICE": "@alice",
        "S0DBADMINS": "@db-admins, 2 members",
    }
    assert "# orders, PostgreSQL, fra1" in newcomer.policy_file.read_text()


@pytest.mark.parametrize(
    ("question", "typed", "words"),
    [
        ("or your address", "http://dbaccess.example.com", "Answer `socket`, or an address"),
        ("Bot User OAuth Token", "xoxp-1-2-3", "That is a user token. Paste the Bot User OAuth"),
        ("Bot User OAuth Token", "xoxb-1-2-3", "Slack says invalid_auth"),
        ("Bot User OAuth Token", "xoxb-your-bot-token", "That is the example's placeholder"),
        ("Signing Secret", "xoxb-1-2-3", "That is the bot token. Paste the Signing Secret"),
        ("App-Level Token", "xapp-1-2-3", "Slack says invalid_auth"),
        ("API token", "dop_v1_wrong-one", "DigitalOcean does not know the token"),
        ("API token", "xoxb-1-2-3", "That is the bot token. Paste the token from API, Tokens"),
        ("Which of these", "oders", "There is no cluster oders. Did you mean orders?"),
        ("Which of these", "", "Choose at least one"),
        ("What people call", "Orders!", "A short name has small letters"),
        ("decided", "db approvals", "Type a channel like #db-approvals"),
        ("Approvers", "", "Name at least one"),
        ("must agree", "0", "Type a number from 1 to 10"),
        ("must agree", "9", "Of those you named, only 2 people can approve"),
        ("Longest", "forever", "isn't a duration"),
        ("Longest", "30s", "Type at least 1m"),
        ("Write this", "perhaps", "Type y or n."),
        ("Who may request", "@zzz", "Nobody and no user group is called @zzz"),
    ],
)
def test_a_wrong_answer_is_explained_and_asked_again(
    newcomer: Newcomer, question: str, typed: str, words: str
) -> None:
    [usual] = newcomer.replies()[question]

    terminal = newcomer.sits_down(**{question: [typed, usual]})

    assert words in terminal.shown
    assert newcomer.policy_file.exists()


@pytest.mark.parametrize("around", ['"{}"', " {} ", "SLACK_BOT_TOKEN={}", "“{}”", "export X='{}'"])
def test_what_is_pasted_around_a_token_is_no_part_of_it(newcomer: Newcomer, around: str) -> None:
    newcomer.sits_down(**{"Bot User OAuth Token": around.format(newcomer.slack.bot_token)})

    assert load_settings().slack_bot_token.get_secret_value() == newcomer.slack.bot_token


def test_a_scope_that_is_missing_is_named(newcomer: Newcomer) -> None:
    newcomer.slack.scopes.discard("usergroups:read")

    terminal = newcomer.stops(**{"Bot User OAuth Token": [newcomer.slack.bot_token, CTRL_C]})

    assert "usergroups:read missing: add under OAuth & Permissions" in terminal.shown


def test_a_slack_that_cannot_be_reached_is_no_wrong_token(newcomer: Newcomer) -> None:
    newcomer.slack.stop()
    terminal = newcomer.stops(**{"Bot User OAuth Token": [newcomer.slack.bot_token, CTRL_C]})
    newcomer.slack.start()

    assert "Slack cannot be reached" in terminal.shown
    assert "is SLACK_BOT_TOKEN right" not in terminal.shown
    assert newcomer.files() == {".env.init"}


def test_without_a_cluster_there_is_nothing_to_open(newcomer: Newcomer) -> None:
    for cluster in list(newcomer.digitalocean.resources("databases")):
        newcomer.digitalocean.remove_cluster(cluster["id"])

    terminal = newcomer.stops(**{"API token": [newcomer.digitalocean.token, CTRL_C]})

    assert "This token sees no database cluster. Create one first" in terminal.shown


def test_which_clusters_are_open_to_the_world_is_shown_before_one_chooses(
    newcomer: Newcomer,
) -> None:
    terminal = newcomer.sits_down()

    shown = terminal.shown.partition("Which of these")[0]
    assert "1  orders     PostgreSQL  fra1  1 trusted source" in shown
    assert "2  analytics  MySQL       fra1  OPEN TO THE WORLD" in shown


@pytest.mark.parametrize(
    ("connection", "words"),
    [("socket", "so nothing tests it"), ("https://db.acme.invalid", "`dbaccess check --live`")],
)
def test_what_tests_the_signing_secret_is_said_where_it_is_pasted(
    newcomer: Newcomer, connection: str, words: str
) -> None:
    newcomer.stops(**{"or your address": connection, "API token": CTRL_C})

    [line] = [one for one in newcomer.terminal.shown.splitlines() if "ok so far" in one]
    assert words in line


def test_over_http_the_address_is_asked_for_once_and_is_everywhere(newcomer: Newcomer) -> None:
    typed = "https://db.acme.example/slack/events"
    terminal = newcomer.stops(**{"or your address": typed})

    assert "https://db.acme.example/slack/events" in terminal.shown
    settings = load_settings()
    assert settings.dbaccess_public_url == "https://db.acme.example"
    assert settings.dbaccess_trusted_proxies == 1
    assert settings.slack_app_token is None


# Names


def test_names_that_fit_several_people_are_asked_about(newcomer: Newcomer) -> None:
    newcomer.slack.add_user("U0KIM", "alex.kim", display_name="alex")
    newcomer.slack.add_user("U0LEE", "alex.lee", display_name="alex")

    terminal = newcomer.sits_down(Approvers="@alex, @bob", Number="2")

    assert "1  @alex (alex.kim), Alex Kim (U0KIM)" in terminal.shown
    assert load_policy(newcomer.policy_file).clusters["orders"].approvers == ("U0LEE", "U0BOB")


def test_a_name_that_anybody_may_take_is_asked_about(newcomer: Newcomer) -> None:
    newcomer.slack.add_user("U0EVE", "eve", display_name="Database Lead")

    terminal = newcomer.sits_down(Approvers=["Database Lead", "@bob, @carol"], Number="")

    assert "Anybody may call themselves Database Lead. Here it is:" in terminal.shown
    assert "1  @Database Lead (eve), Eve (U0EVE)" in terminal.shown
    assert "U0EVE" not in newcomer.policy_file.read_text()


def test_a_misspelt_name_finds_those_that_are_near(newcomer: Newcomer) -> None:
    terminal = newcomer.sits_down(Approvers=["@alcie", "@alcie, @carol"], Number=["", "1"])

    assert "Nobody is called @alcie. Closest:" in terminal.shown
    assert load_policy(newcomer.policy_file).clusters["orders"].approvers == ("U0ALICE", "U0CAROL")


def test_the_beginning_of_a_name_finds_those_who_are_called_so(newcomer: Newcomer) -> None:
    terminal = newcomer.sits_down(Approvers=["al", "@alice, @carol"], Number="")

    assert "Nobody is called al. Closest:" in terminal.shown
    assert "1  @alice (U0ALICE)" in terminal.shown


def test_a_duration_is_repeated_where_it_is_written_in_another_way(newcomer: Newcomer) -> None:
    assert "ok: 3w" in newcomer.sits_down(Longest="3 weeks").shown


def test_an_email_finds_somebody_where_slack_shows_it(newcomer: Newcomer) -> None:
    newcomer.slack.scopes.add("users:read.email")

    newcomer.sits_down(Approvers="bob@example.com, carol@example.com")

    assert load_policy(newcomer.policy_file).clusters["orders"].approvers == ("U0BOB", "U0CAROL")


def test_where_slack_shows_no_email_the_user_name_is_asked_about(newcomer: Newcomer) -> None:
    terminal = newcomer.sits_down(
        Approvers=["nobody@example.com", "bob@example.com, @carol"], Number="1"
    )

    assert "Type the @name of nobody@example.com" in terminal.shown
    assert (
        "Slack doesn't show e-mail addresses to dbaccess. bob@example.com may be:" in terminal.shown
    )
    assert load_policy(newcomer.policy_file).clusters["orders"].approvers == ("U0BOB", "U0CAROL")


def test_names_of_others_command_neither_the_terminal_nor_the_file(newcomer: Newcomer) -> None:
    newcomer.slack.add_user("U0EVE", "eve", display_name='e\x1b[2Jve\napprovals = 1 # "')

    terminal = newcomer.sits_down(Approvers="U0EVE, @bob")

    assert "\x1b" not in terminal.shown + newcomer.policy_file.read_text()
    assert load_policy(newcomer.policy_file).clusters["orders"].approvals == 2


# Channels


def test_a_channel_is_found_by_name_with_a_line_that_is_posted_there(newcomer: Newcomer) -> None:
    newcomer.sits_down()

    [posted] = newcomer.slack.messages("C0APPROVALS")
    assert posted.text == (
        "dbaccess is being set up. Requests for database access will be decided here."
    )


def test_nothing_is_posted_without_leave(newcomer: Newcomer) -> None:
    link = "https://acme.slack.com/archives/C0APPROVALS"

    newcomer.sits_down(**{"decided": ["#db-approvals", link], "alarms": "C0OPS", "Post it?": ["n"]})

    assert newcomer.slack.messages("C0APPROVALS") == newcomer.slack.messages("C0OPS") == []
    assert load_policy(newcomer.policy_file).operators == "C0OPS"


def test_with_the_scope_to_list_them_channels_are_found_without_a_word(newcomer: Newcomer) -> None:
    newcomer.slack.scopes.add("channels:read")

    terminal = newcomer.sits_down(decided="#db-aprovals", Number="1")

    assert "There is no #db-aprovals. Closest:" in terminal.shown
    assert newcomer.slack.messages("C0APPROVALS") == []
    assert load_policy(newcomer.policy_file).clusters["orders"].channel == "C0APPROVALS"


@pytest.mark.parametrize("scopes", [set(), {"channels:read"}], ids=["as it is", "channels:read"])
def test_a_channel_without_dbaccess_says_how_to_invite_it(
    newcomer: Newcomer, scopes: set[str]
) -> None:
    newcomer.slack.scopes.update(scopes)
    newcomer.slack.add_channel("C0QUIET", "quiet", bot_is_member=False)

    terminal = newcomer.sits_down(
        **{"decided": ["#quiet", "#db-approvals"], "Post it?": ["y", "y", "y"]}
    )

    assert "dbaccess is not in #quiet" in terminal.shown
    assert "/invite @dbaccess" in terminal.shown


def test_an_archived_channel_is_refused(newcomer: Newcomer) -> None:
    newcomer.slack.add_channel("C0OLD", "old", is_archived=True)

    terminal = newcomer.sits_down(
        **{"decided": ["#old", "#db-approvals"], "Post it?": ["y", "y", "y"]}
    )

    assert "#old is archived. Name another." in terminal.shown


# Stopped, and gone on


def test_ctrl_c_leaves_the_answers_and_the_next_run_goes_on(
    newcomer: Newcomer, capsys: pytest.CaptureFixture[str]
) -> None:
    newcomer.stops(**{"must agree": CTRL_C})

    assert newcomer.files() == {".env.init"}
    assert stat.S_IMODE(newcomer.kept_file.stat().st_mode) == 0o600
    assert "Your answers so far are in .env.init" in capsys.readouterr().err

    terminal = newcomer.sits_down(**{"Post it?": []})

    assert [question.partition(" ")[0] for question in terminal.asked] == [
        "How", "Longest", "Who", "Write", "Test"
    ]  # fmt: skip
    assert newcomer.files() == {".env", "dbaccess.toml"}
    assert newcomer.comments()["C0APPROVALS"].startswith("#db-approvals")
    assert len(newcomer.slack.messages("C0APPROVALS")) == 1


@pytest.mark.parametrize(
    "question", ["or your address", "Signing Secret", "Approvers", "Write this"]
)
def test_ctrl_c_anywhere_leaves_nothing_half(newcomer: Newcomer, question: str) -> None:
    newcomer.stops(**{question: CTRL_C})

    assert newcomer.files() <= {".env.init"}


def test_ctrl_c_once_the_files_are_written_does_not_claim_otherwise(
    newcomer: Newcomer, capsys: pytest.CaptureFixture[str]
) -> None:
    newcomer.stops(**{"Test it now": CTRL_C})

    assert newcomer.files() == {".env", "dbaccess.toml"}
    assert capsys.readouterr().err.splitlines()[-1] == "Stopped. What is written stays."


def test_no_at_the_end_writes_nothing(newcomer: Newcomer) -> None:
    newcomer.stops(**{"Write this": "n"})

    assert newcomer.files() == {".env.init"}


def test_an_answer_that_is_right_no_more_is_asked_again(newcomer: Newcomer) -> None:
    newcomer.stops(**{"must agree": CTRL_C})
    newcomer.slack.deactivate_user("U0ALICE", tell_bot=False)

    terminal = newcomer.sits_down(**{"Post it?": [], "Approvers": "@bob, @carol"})

    assert "Slack knows nobody with the ID U0ALICE, or they have left" in terminal.shown


# What is there already


def test_what_is_there_is_not_asked_for_and_stays_as_it_is(newcomer: Newcomer) -> None:
    written = "".join(f"{name}={value}\n" for name, value in newcomer.secrets.items())
    newcomer.env_file.write_text(written)
    newcomer.env_file.chmod(0o600)

    terminal = newcomer.sits_down()

    assert newcomer.env_file.read_text() == written
    assert terminal.asked[0].startswith("Which of these")
    assert newcomer.policy_file.exists()


def test_a_policy_that_is_there_stays_and_only_the_secrets_are_asked_for(
    newcomer: Newcomer,
) -> None:
    newcomer.sits_down()
    policy = newcomer.policy_file.read_text()
    newcomer.env_file.unlink()

    terminal = newcomer.sits_down()

    assert newcomer.policy_file.read_text() == policy
    assert len(terminal.asked) == 7
    assert newcomer.env_file.exists()


def test_where_both_are_there_they_are_checked(
    newcomer: Newcomer, capsys: pytest.CaptureFixture[str]
) -> None:
    newcomer.sits_down()
    capsys.readouterr()

    terminal = newcomer.sits_down()

    assert terminal.asked == ["Test it now with one real command in Slack? [y/N]"]
    assert "ok    cluster orders" in capsys.readouterr().out


def test_an_env_file_that_lacks_something_is_not_written_into(
    newcomer: Newcomer, capsys: pytest.CaptureFixture[str]
) -> None:
    newcomer.env_file.write_text("SLACK_BOT_TOKEN=xoxb-1\n")

    newcomer.stops()

    assert newcomer.env_file.read_text() == "SLACK_BOT_TOKEN=xoxb-1\n"
    assert ".env is here and lacks SLACK_SIGNING_SECRET, DIGITALOCEAN_TOKEN" in (
        capsys.readouterr().err
    )


@pytest.mark.parametrize("content", [b"SLACK_BOT_TOKEN=\xff\n", b"\x00\xfe"])
def test_an_env_file_that_is_no_text_is_said_in_one_line(
    newcomer: Newcomer, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    newcomer.env_file.write_bytes(content)

    newcomer.stops()

    assert capsys.readouterr().err == ".env cannot be read: it is not text.\n"


def test_a_file_that_appears_meanwhile_is_not_replaced(
    newcomer: Newcomer, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = Path.hardlink_to

    def overtaken(self: Path, target: Path) -> None:
        if self.name == "dbaccess.toml":
            self.write_text("# somebody else's\n")
        original(self, target)

    monkeypatch.setattr(Path, "hardlink_to", overtaken)
    newcomer.stops()

    assert newcomer.policy_file.read_text() == "# somebody else's\n"
    assert newcomer.files() == {".env", "dbaccess.toml", ".env.init"}


def test_a_fault_that_check_finds_is_the_outcome(
    newcomer: Newcomer, capsys: pytest.CaptureFixture[str]
) -> None:
    newcomer.stops(**{"Which of these": "all", "What people call": ["", ""]})

    assert "The files are written. Fix the faults" in capsys.readouterr().out


def test_a_folder_that_cannot_be_written_is_said_at_the_first_answer(
    newcomer: Newcomer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(**how: object) -> tuple[int, str]:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(tempfile, "mkstemp", full)
    terminal = newcomer.stops()

    assert terminal.asked == ["`socket`, or your address"]
    assert capsys.readouterr().err == ".env.init cannot be written: No space left on device\n"


# At the end


def test_one_real_command_tests_what_nothing_else_can(
    newcomer: Newcomer, capsys: pytest.CaptureFixture[str]
) -> None:
    def types_help() -> None:
        eventually(lambda: newcomer.slack.socket.connected)
        newcomer.slack.command("U0RITA", "help", channel_id="C0GENERAL")

    rita = threading.Thread(target=types_help)
    rita.start()
    newcomer.sits_down(**{"Test it now": "y"})
    rita.join()

    printed = capsys.readouterr()
    assert "Type /dbaccess help in Slack now." in printed.err
    assert "arrived by Socket Mode" in printed.out.partition("$ dbaccess check --live")[2]


@pytest.mark.parametrize(
    ("environment", "typed", "opened"),
    [
        ({"DISPLAY": ":0"}, "", 1),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "y", 1),
        ({"DISPLAY": ":0"}, "n", 0),
        ({}, None, 0),
        ({"DISPLAY": ":10", "SSH_CONNECTION": "198.51.100.7 22"}, None, 0),
    ],
)
def test_the_link_is_opened_at_a_desktop_where_one_agrees(
    newcomer: Newcomer,
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    typed: str | None,
    opened: int,
) -> None:
    links: list[str] = []
    monkeypatch.setattr(webbrowser, "open", links.append)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    terminal = newcomer.sits_down(**{"Open it in a browser": [] if typed is None else [typed]})

    assert len(links) == opened
    assert all(link in terminal.shown for link in links)
