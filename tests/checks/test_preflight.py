"""`dbaccess check`: whatever can be missing is told with its mend, and nothing is changed."""

import json

from bot.checks.findings import Level
from tests.checks.breaking import only_manifest_scopes
from tests.checks.operator_folder import Operator
from tests.scenarios.world import APPROVALS, ORDERS

FAULT = Level.FAULT


def test_where_all_is_in_order_no_fault_is_told_and_the_exit_code_is_0(
    operator: Operator,
) -> None:
    checked = operator.check()

    assert checked.exit_code == 0, checked.output
    assert "FAULT" not in checked.stdout
    assert "No faults" in checked.stderr
    lines = [" ".join(line.split()) for line in checked.stdout.splitlines()]
    assert "ok environment complete" in lines
    assert "ok cluster orders 2 trusted sources" in lines
    assert "ok channel C0OPS #ops, dbaccess is in it" in lines


def test_a_check_changes_nothing_anywhere(operator: Operator) -> None:
    before = operator.digitalocean.rules(ORDERS)
    files = sorted(path.name for path in operator.place.folder.iterdir())

    operator.check()

    assert operator.digitalocean.rules(ORDERS) == before
    assert {call.method for call in operator.digitalocean.calls} == {"GET"}
    assert not any(operator.slack.messages(channel.id) for channel in operator.slack.channels())
    assert not any(call.method.startswith("chat.post") for call in operator.slack.calls)
    assert sorted(path.name for path in operator.place.folder.iterdir()) == files


def test_a_fault_hides_only_what_depends_on_it(operator: Operator) -> None:
    operator.env["SLACK_BOT_TOKEN"] = "xoxb-wrong"
    operator.digitalocean.scopes.discard("database:read")

    faults = [one.what for one in operator.findings() if one.level is FAULT]

    assert faults == ["slack token", "cluster orders"]


def test_a_token_that_an_answer_repeats_is_not_shown(operator: Operator) -> None:
    """P8."""
    operator.slack.add_channel(APPROVALS, operator.slack.bot_token)

    assert operator.slack.bot_token not in operator.check().output
    assert "[secret]" in operator.check("--json").output


def test_no_line_holds_a_secret(operator: Operator) -> None:
    """P8."""
    secrets = {
        "SLACK_BOT_TOKEN": "xoxb-4-very-secret",
        "SLACK_APP_TOKEN": "xapp-5-very-secret",
        "SLACK_SIGNING_SECRET": "very-secret-too",
        "DIGITALOCEAN_TOKEN": "dop_v1_very_secret",
        "DATABASE_URL": "postgresql://bot:very-secret-3@127.0.0.1:1/x",
    }
    operator.env |= secrets

    for printed in (operator.check(), operator.check("--json")):
        assert "very-secret" not in printed.output
        assert "very_secret" not in printed.output
        assert printed.exit_code == 1


def test_a_name_that_others_chose_does_not_steer_the_terminal(operator: Operator) -> None:
    operator.slack.add_channel(APPROVALS, "\x1b[2Jgone\nok    cluster orders")

    lines = operator.check().stdout.splitlines()

    assert not any("\x1b" in line or line.startswith("ok    cluster orders, ") for line in lines)


def test_the_lines_are_aligned_and_as_data_they_say_the_same(operator: Operator) -> None:
    only_manifest_scopes(operator)

    lines = operator.check().stdout.splitlines()
    data = json.loads(operator.check("--json").stdout)

    assert len(lines) == len(data)
    column = len("ok    ") + max(len(one["what"]) for one in data) + 2
    for line, one in zip(lines, data, strict=True):
        level = "FAULT" if one["level"] == "fault" else one["level"]
        assert line == f"{level:<6}{one['what']}".ljust(column) + one["words"]


def test_in_an_empty_folder_the_first_line_names_init(operator: Operator) -> None:
    file = operator.place.folder / "dbaccess.toml"
    operator.env = dict.fromkeys(operator.place.env, "")
    assert "dbaccess init" not in operator.check().output

    file.unlink()

    first, *others = operator.findings()
    assert (first.level, first.what) == (Level.HINT, "start")
    assert "nothing is set up in this folder: `dbaccess init`" in first.words
    assert {one.level for one in others} == {Level.FAULT}
