"""`dbaccess init` as a process at a real (pseudo-)terminal: what people see, and their keys.

The page docs/setup/first-hour.md shows what the first test sees, from init-transcript.txt. It is
written anew by `pytest --snapshot-update tests/cli/init/test_pseudo_terminal.py`.
"""

import os
import re

import pytest

from tests.cli.init.newcomer import ROOT, Newcomer
from tests.cli.pseudo_terminal import PseudoTerminal

TRANSCRIPT = ROOT / "docs" / "setup" / "init-transcript.txt"


def at_a_terminal(newcomer: Newcomer) -> PseudoTerminal:
    env = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **newcomer.endpoints}
    return PseudoTerminal("init", folder=newcomer.folder, env=env)


def test_the_transcript_in_the_docs_is_what_one_sees(
    newcomer: Newcomer, request: pytest.FixtureRequest
) -> None:
    newcomer.slack.add_user("U0LEE", "alex.lee", display_name="Alex")
    newcomer.slack.add_user("U0KIM", "alex.kim", display_name="Alex")
    with at_a_terminal(newcomer) as terminal:
        for question, typed in [
            ("or your address", ""),
            ("Bot User OAuth Token", newcomer.slack.bot_token.replace("xoxb", "xoxp")),
            ("Bot User OAuth Token", f'"{newcomer.slack.bot_token}"'),
            ("Signing Secret", newcomer.slack.signing_secret),
            ("App-Level Token", newcomer.slack.app_token),
            ("API token", newcomer.digitalocean.token),
            ("Which of these", "orders"),
            ("What people call", ""),
            ("decided", "#db-approvals"),
            ("Post it?", ""),
            ("alarms", "#db-ops"),
            ("Post it?", ""),
            ("Approvers", "@db-admins, @carol, alex"),
            ("Number", "2"),
            ("must agree", "2"),
            ("Longest", "4h"),
            ("Who may request", ""),
            ("Write this", ""),
            ("Test it now", ""),
        ]:
            terminal.answers(question, typed)
        assert terminal.ends() == 0, terminal.shown

    assert newcomer.no_secret_in(terminal.shown)
    assert "\x1b" not in terminal.shown
    shown = as_in_the_docs(terminal.shown)
    asked = shown.partition("6 of 6")[0]
    assert [line for line in asked.splitlines() if len(line) > 80] == []
    if request.config.getoption("update_snapshots"):
        TRANSCRIPT.write_text(shown)
    assert shown == TRANSCRIPT.read_text(), "run pytest --snapshot-update, and read the difference"


def as_in_the_docs(shown: str) -> str:
    """Shorten the link and what `check` finds, leave out where the sandboxes are."""
    shown = re.sub(r"(manifest_yaml=_metadata)\S+", r"\1…", shown)
    shown = re.sub(r"(?s)(\$ dbaccess check\nok .*?\n)ok .*?(?=Test it now)", r"\1…\n", shown)
    shown = re.sub(r"(?m)^(SLACK|DIGITALOCEAN)_API_URL=.*\n", "", shown)
    lines = (line.rstrip() for line in shown.splitlines())
    return "$ dbaccess init\n" + "".join(f"{line}\n" for line in lines)


def test_ctrl_c_at_a_hidden_question_stops_in_one_sentence(newcomer: Newcomer) -> None:
    with at_a_terminal(newcomer) as terminal:
        terminal.answers("or your address", "socket")
        terminal.answers("Bot User OAuth Token", newcomer.slack.bot_token)
        terminal.asks("Signing Secret")
        terminal.types("5ac1")
        assert terminal.is_interrupted() == 1
        assert "Stopped. Your answers so far are in .env.init" in terminal.shown
        assert "Traceback" not in terminal.shown
    assert newcomer.files() == {".env.init"}
