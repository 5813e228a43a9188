"""From an empty folder to an approved request, by what `dbaccess demo --init` hands out."""

import re
from pathlib import Path
from typing import Any

import pytest
import requests
from typer.testing import CliRunner

from bot.cli import app
from dbaccess_playground.demo.company import ALICE, APPROVALS, GENERAL, ORDERS, RITA
from dbaccess_playground.demo.practice import practising
from tests.cli.init.newcomer import ANSWERS, VARIABLES
from tests.processes import DBACCESS, Process
from tests.waiting import eventually

TO_PASTE = {
    "Bot User OAuth Token": "SLACK_BOT_TOKEN",
    "Signing Secret": "SLACK_SIGNING_SECRET",
    "App-Level Token": "SLACK_APP_TOKEN",
    "API token": "DIGITALOCEAN_TOKEN",
}


def test_an_empty_folder_init_and_serve_are_enough_for_an_approved_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    folder, answers = tmp_path / "empty", tmp_path / "answers.toml"
    folder.mkdir()
    monkeypatch.chdir(folder)
    answers.write_text(ANSWERS.replace("approvals = 2", "approvals = 1").replace("db-ops", "ops"))
    with practising() as practice:
        env = handed_out(practice.handout())
        [typed] = re.findall(r"^  (\S+) init$", practice.handout(), re.MULTILINE)
        assert Path(typed).is_file(), "an empty folder finds no other"
        made = CliRunner().invoke(app, ["init", "--answers", str(answers)], env=env)
        assert made.exit_code == 0, made.output
        assert "forgotten" not in (folder / "dbaccess.toml").read_text()

        serve = Process([*DBACCESS, "serve"], folder, {"PORT": "0", "LOG_FORMAT": "json"})
        try:
            serve.url()
            eventually(lambda: practice.steps_done()[0])
            line = "request 203.0.113.4 2h orders fixing the nightly job"
            act(practice.page.url, "command", person=RITA, channel=GENERAL, text=line)
            eventually(lambda: practice.steps_done()[1])
            card = practice.slack.messages(APPROVALS, replies=False)[-1]
            assert practice.slack.click(ALICE, card, "Approve").error is None
            eventually(lambda: practice.steps_done()[2])
        finally:
            serve.terminate()
        assert "ip_addr:203.0.113.4" in practice.digitalocean.sources(ORDERS)
        assert practice.slack.problems == []


def handed_out(handout: str) -> dict[str, str]:
    """The variables that a handout tells one to export, and the tokens to paste."""
    exported = dict(re.findall(r"([A-Z_]+)=(\S+)", handout))
    pasted = {
        variable: re.search(rf"{what}\s+(\S+)", handout)[1]  # type: ignore[index]
        for what, variable in TO_PASTE.items()
    }
    return {**exported, **pasted}


def act(page: str, what: str, **body: Any) -> None:
    requests.post(f"{page}/api/{what}", json=body, timeout=30).raise_for_status()
