"""From an empty folder to an approved request, by `dbaccess init` alone."""

from typer.testing import CliRunner

from bot.cli import app
from tests.cli.init.newcomer import ANSWERS, ORDERS, Newcomer
from tests.processes import DBACCESS, Process
from tests.waiting import eventually


def test_an_empty_folder_an_answers_file_and_serve_are_enough_for_an_approved_request(
    newcomer: Newcomer,
) -> None:
    answers = newcomer.folder.parent / "answers.toml"
    answers.write_text(ANSWERS.replace("approvals = 2", "approvals = 1"))
    made = CliRunner().invoke(app, ["init", "--answers", str(answers)], env=newcomer.secrets)
    assert made.exit_code == 0, made.output

    serve = Process([*DBACCESS, "serve"], newcomer.folder, {"PORT": "0", "LOG_FORMAT": "json"})
    try:
        serve.url()
        eventually(lambda: newcomer.slack.socket.connected)
        line = "request 203.0.113.4 2h orders fixing the nightly job"
        assert newcomer.slack.command("U0RITA", line, channel_id="C0GENERAL").error is None
        card = eventually(lambda: newcomer.slack.messages("C0APPROVALS", replies=False)[1:])[0]
        assert newcomer.slack.click("U0ALICE", card, "Approve").error is None
        eventually(lambda: "ip_addr:203.0.113.4" in newcomer.digitalocean.sources(ORDERS))
    finally:
        serve.terminate()

    assert newcomer.slack.problems == []
