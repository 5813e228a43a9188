"""`dbaccess policy test`: expectations of a policy, held in somebody's CI."""

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.cli import app
from bot.config import Settings
from bot.domain.refusals.any_refusal import known_codes

ROOT = Path(__file__).parents[2]
POLICY = ROOT / "dbaccess.example.toml"
EXAMPLE = (ROOT / "policy-tests.example.toml").read_text()
TEST = """
[groups]
S0DBADMINS = ["U0CAROL"]

[[test]]
as = "U0BOB"
command = "request 203.0.113.4 2h orders for the report"
expect = "approvals:2"
"""


@pytest.fixture(autouse=True)
def _no_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DBACCESS_CONFIG", "dbaccess.toml")
    Path("dbaccess.toml").write_text(POLICY.read_text())


def run(expectations: str) -> Result:
    Path("policy-tests.toml").write_text(expectations)
    return CliRunner().invoke(app, ["policy", "test", "policy-tests.toml"], prog_name="dbaccess")


def difference(expectations: str) -> str:
    """Return what is said of the only test that fails."""
    shown = run(expectations)
    assert shown.exit_code == 1, shown.output
    [line] = [line for line in shown.stdout.splitlines() if line.startswith("FAILED")]
    return line


def problems(expectations: str) -> str:
    """Return what is said of a file that is not valid."""
    shown = run(expectations)
    assert shown.exit_code == 1
    assert not shown.stdout
    return shown.stderr


def test_the_example_holds_for_the_example_of_a_policy() -> None:
    shown = run(EXAMPLE)

    assert shown.exit_code == 0, shown.output
    assert all(line.startswith("ok      ") for line in shown.stdout.splitlines())
    assert shown.stderr == "6 tests, none failed.\n"


@pytest.mark.parametrize(
    ("in_policy", "instead", "failing"),
    [
        ("approvals = 2", "approvals = 3", "takes two approvers"),
        ('max_duration = "2h"', 'max_duration = "3h"', "two hours are the most"),
        ('max_duration = "2h"', 'max_duration = "2d"', "nobody gets a whole day"),
        ("require_reason = true", "self_approval = true", "no approver approves for themselves"),
        ("require_reason = true", "min_prefix = 24", "no networks"),
        ("require_reason = true", "guests = true", "guests get nothing"),
        ('approvers = ["U0ALICE", "S0DBADMINS"]', 'approvers = ["S0DBADMINS"]', "two approvers"),
        (
            "require_reason = true",
            '[clusters.orders.emergency]\nrequesters = ["*"]\nmax_duration = "1h"',
            "nobody opens orders alone",
        ),
    ],
)
def test_each_test_of_the_example_fails_once_the_policy_says_something_else(
    in_policy: str, instead: str, failing: str
) -> None:
    policy = POLICY.read_text()
    assert in_policy in policy
    Path("dbaccess.toml").write_text(policy.replace(in_policy, instead))

    shown = run(EXAMPLE)

    assert shown.exit_code == 1
    failed = [line for line in shown.stdout.splitlines() if line.startswith("FAILED")]
    assert any(failing in line for line in failed), shown.stdout


def test_a_difference_says_what_came_of_it_and_where_the_policy_says_so() -> None:
    line = difference(TEST.replace("approvals:2", "approvals:1"))

    approvals = POLICY.read_text().splitlines().index("approvals = 2") + 1
    assert line == (
        "FAILED  U0BOB: request 203.0.113.4 2h orders for the report: expected approvals:1, got "
        f"approvals:2 [dbaccess.toml:{approvals} clusters.orders.approvals]"
    )


def test_a_refusal_says_its_code() -> None:
    line = difference(TEST.replace("2h", "3h"))

    assert "expected approvals:2, got refused (too_long) [dbaccess.toml:" in line


def test_a_refusal_for_another_reason_is_a_difference() -> None:
    refused = TEST.replace("approvals:2", "refused").replace("2h", "3h")

    assert run(f'{refused}why = "too_long"').exit_code == 0
    assert "expected refused (too_wide), got refused (too_long)" in difference(
        f'{refused}why = "too_wide"'
    )


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ('approvers = ["U0ALICE"]', "approvers: expected U0ALICE, got S0DBADMINS, U0ALICE"),
        ('max_duration = "1h"', "max_duration: expected 1h, got 2h"),
        ('may_approve = ["U0ZOE"]', "U0ZOE may not approve it (not_an_approver)"),
        ('may_not_approve = ["U0CAROL"]', "U0CAROL may approve it"),
    ],
)
def test_each_expectation_of_a_request_can_differ(more: str, words: str) -> None:
    assert difference(TEST + more).endswith(words)


def test_whose_groups_are_not_said_is_not_guessed() -> None:
    line = difference(TEST.replace('S0DBADMINS = ["U0CAROL"]', "") + 'may_approve = ["U0CAROL"]')

    assert "it depends on who is in S0DBADMINS: say so in [groups]" in line


@pytest.mark.parametrize(
    ("expectations", "words"),
    [
        (
            TEST + 'expekt = "auto"',
            "test 1 (request 203.0.113.4 2h orders for the report): expekt: unknown key",
        ),
        (TEST + 'why = "too_long"', '): why needs expect = "refused"'),
        (
            TEST.replace("approvals:2", "refused") + 'why = "too_lon"',
            "why: 'too_lon' is no refusal's code, did you mean too_long?",
        ),
        (
            TEST.replace("approvals:2", "refused") + 'may_approve = ["U0ALICE"]',
            '): expect = "refused" leaves nothing to approve',
        ),
        (TEST.replace("approvals:2", "denied"), "it is refused, form, auto, emergency, or"),
        (TEST.replace('as = "U0BOB"', 'as = "bob"'), "it is a person's ID like U0ALICE"),
        (TEST.replace("S0DBADMINS", "S0DBADMIN"), "groups.S0DBADMIN: the policy names no such"),
        (TEST.replace("command", "line"), "policy-tests.toml:5: test 1: command: is missing"),
        ("", "test: is missing"),
        ("test = [", "policy-tests.toml: "),
    ],
)
def test_a_file_that_is_not_valid_says_where_and_why(expectations: str, words: str) -> None:
    assert words in problems(expectations)


def test_a_test_that_is_not_valid_is_called_by_its_line_and_name() -> None:
    wrong = TEST + '\n[[test]]\nname = "nobody gets a day"\nexpect = "auto"'

    assert "test 2 (nobody gets a day): command: is missing" in problems(wrong)
    assert re.search(r"policy-tests\.toml:\d+: test 2", problems(wrong))


def test_the_page_lists_all_codes_of_refusals() -> None:
    page = (ROOT / "docs" / "policy.md").read_text()
    listed = page.partition("## Codes of refusals")[2].split("```")[1]

    assert re.split(r",\s+", listed.strip()) == sorted(known_codes())


def test_a_file_that_is_not_there_says_so() -> None:
    shown = CliRunner().invoke(app, ["policy", "test", "nowhere.toml"], prog_name="dbaccess")

    assert shown.exit_code == 1
    assert shown.stderr == "nowhere.toml: there is no such file\n"


def test_the_page_shows_what_is_really_printed() -> None:
    page = (ROOT / "docs" / "policy.md").read_text()
    [command] = re.findall(r"^dbaccess (policy explain .*)$", page, re.MULTILINE)
    explanation, difference_shown = re.findall(r"```text\n(.*?)```", page, re.DOTALL)

    shown = CliRunner().invoke(app, shlex.split(command), prog_name="dbaccess")

    assert shown.stdout == explanation
    policy = POLICY.read_text().replace('max_duration = "2h"', 'max_duration = "2d"')
    Path("dbaccess.toml").write_text(policy)
    assert difference_shown in run(EXAMPLE).stdout
