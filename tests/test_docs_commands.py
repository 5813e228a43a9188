"""Each command in the documentation is one that works, and what can be run here is run."""

import re
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import typer.main
from typer.exceptions import TyperException
from typer.testing import CliRunner

from bot.cli import app
from bot.clock import SystemClock
from bot.config import Settings, parse_policy
from bot.domain.audit_actions import Action
from bot.domain.grammar import _READERS, parse_command
from bot.domain.policy import Policy
from bot.domain.refusal import Refused
from bot.store import audit, grants, jobs, requests, schema, stream
from bot.store.database import Database
from bot.store.jobs import Kind
from tests.checks.operator_folder import Operator
from tests.docs_commands import ROOT, Command, commands
from tests.domain import examples
from tests.scenarios.world import ANALYTICS, ORDERS
from tests.stream.siem import SECRET, Siem, serving

COMMANDS = commands()
DBACCESS: Any = typer.main.get_command(app)
# What is typed behind `dbaccess`, and why it is read here, but not run.
MACHINE = "github:repo:acme/shop:ref:refs/heads/main"  # tests/cli/test_policy_of_machines.py
RUNS_ON = {
    "serve": "until it is stopped: many tests do",
    "web": "until it is stopped: many tests do",
    "worker": "until it is stopped: many tests do",
    "demo": "until it is stopped: tests/playground does",
    "check --live": "waits for somebody: tests/checks/test_live.py does",
    "init": "asks: its own tests answer",
    "init --answers answers.toml": "its own tests have such a file",
    "revoke 17 --cluster-gone": "is for a cluster that is gone: tests/scenarios has one",
    "sessions": "needs a PostgreSQL to look at: tests/cli/test_sessions_command.py has one",
    "sessions orders": "the same",
    "jobs retry": "lacks a number, or --error",
    "token inspect": "reads a token: tests/cli/test_token_inspect.py has some",
    "token inspect token.txt": "the same",
    f"policy explain --as {MACHINE} request 203.0.113.4 20m orders": "needs a policy with machines",
}
# Programs of others, and why their commands are not run here.
NOT_RUN = {
    "kubectl": "there is no cluster: the manifests are checked against its schemas",
    "sed": "changes a manifest of the operator's",
    "docker": "there is no Docker daemon: test_release.py looks at what `make image` gives it",
    "doctl": "there is no account: the sandbox sends what the real one was recorded to send",
    "git": "tags and clones are for a release",
    "ssh-keygen": "test_release.py runs them, with a key of its own",
    "sha256sum": "test_release.py runs them",
    "echo": "test_release.py runs it",
    "pip": "`make package-check` installs the wheel in the same way",
    "python3": "`make setup` makes an environment in the same way",
    "sqlite3": "it is not installed everywhere",
    "pg_dump": "it needs a server of one's own",
    "pg_restore": "it needs a server of one's own",
    "caddy": "it is not installed everywhere",
    "nginx": "it is not installed everywhere",
    "chmod": "changes a file of the operator's",
    "chown": "needs root",
    "mkdir": "makes a folder of the operator's",
    "ln": "changes which version is installed",
    "tar": "unpacks a release",
    "sh": "runs docker-run.sh, which needs a Docker daemon",
    "cp": "copies into a folder of the operator's",
    "rm": "removes a database of the operator's",
    "cd": "changes into a folder of the operator's",
    "install": "needs root",
    "useradd": "needs root",
    "systemctl": "no systemd runs here",
    "export": "sets what the next command reads",
    ".ci/run": "runs this test",
}


def of(program: str, *, mentions: bool = True) -> list[Command]:
    found = [one for one in COMMANDS if one.program == program]
    return [one for one in found if mentions or not one.is_mention]


def shown(command: Command) -> str:
    return f"{command.page}: {command.text}"[:120]


@pytest.mark.parametrize("command", of("dbaccess"), ids=shown)
def test_a_command_of_ours_is_one_with_its_arguments(command: Command) -> None:
    """It is read by the command line itself, which would also refuse a wrong option or value."""
    wrong = wrong_with(command)

    lacks = wrong is not None and ("Missing" in wrong or "requires an argument" in wrong)
    assert wrong is None or (command.is_mention and lacks), wrong


def wrong_with(command: Command) -> str | None:
    """Return what the command line says about a command that is read, and not run."""
    try:
        read(DBACCESS, "dbaccess", list(command.arguments))
    except TyperException as error:
        return f"{type(error).__name__}: {error}"
    return None


def read(command: Any, name: str, arguments: list[str]) -> None:
    """Read arguments as `command` does, and those of its subcommand."""
    with command.make_context(name, arguments) as context:
        rest = [*getattr(context, "_protected_args", ()), *context.args]
        if hasattr(command, "commands") and rest:
            name, below, rest = command.resolve_command(context, rest)
            read(below, name, rest)


@pytest.mark.parametrize("command", of("make"), ids=shown)
def test_a_target_is_one_of_the_makefile(command: Command) -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = [word for word in command.arguments if "=" not in word]
    assert targets
    for target in targets:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


@pytest.fixture(scope="module")
def policy() -> Policy:
    emergency = {"requesters": ["*"], "max_duration": "1h"}
    ids = {"orders": ORDERS, "orders-replica": ANALYTICS}
    return parse_policy(
        {
            "instance": "prod",
            "operators": "C0OPS",
            "defaults": {"channel": "C0APPROVALS", "approvers": ["U0ALICE"]},
            "clusters": {name: {"id": one, "emergency": emergency} for name, one in ids.items()},
        }
    )


@pytest.mark.parametrize("command", of("/dbaccess"), ids=shown)
def test_a_line_for_slack_is_read_as_a_command(command: Command, policy: Policy) -> None:
    if not command.is_literal:
        assert command.words[1] in ("…", *known_to_slack())
        return
    try:
        parse_command(" ".join(command.arguments), policy, channel="C0ELSE")
    except Refused:
        named_alone = command.is_mention and len(command.arguments) == 1
        assert named_alone, "it would be refused"
        assert command.arguments[0] in known_to_slack()


def known_to_slack() -> set[str]:
    """The subcommands, by their list in README.md."""
    words = set(re.findall(r"^\| `([a-z]+)", (ROOT / "README.md").read_text(), re.MULTILINE))
    assert {"request", "help"} <= words <= set(_READERS)
    return words


def test_what_is_not_run_is_said_to_be_so_with_a_reason() -> None:
    others = {one.program for one in COMMANDS} - {"dbaccess", "make", "/dbaccess"}

    assert others - set(NOT_RUN) == set(), "say why it is not run"
    assert set(NOT_RUN) - others == set(), "no page has it"
    assert (ROOT / ".ci" / "run").exists()


def is_whole(command: Command) -> bool:
    """Whether nothing is missing that it needs, and it is not one of those that run on."""
    is_run_elsewhere = " ".join(command.arguments) in RUNS_ON
    return command.is_literal and not is_run_elsewhere and wrong_with(command) is None


RUN_HERE = sorted({command.arguments for command in of("dbaccess") if is_whole(command)})


@pytest.fixture(scope="module")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    """Both sandboxes, with all that the example of a policy names."""
    operator = Operator(tmp_path_factory.mktemp("operator"))
    operator.slack.add_user("U0BOB", "bob")
    operator.slack.add_group("S0DBADMINS", "db-admins", ["U0ALICE", "U0BOB"])
    with operator.slack, operator.digitalocean:
        yield operator


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with access #2 and #17 open, job 17, and 17 rows that the stream delivered."""
    file = tmp_path_factory.mktemp("filled") / "dbaccess.db"
    database = Database(f"sqlite:///{file}")
    schema.upgrade(database)
    now = SystemClock().now()
    with database.transaction() as session:
        for number in range(1, 18):
            requests.add(session, examples.request(id=requests.NEXT, created_at=now))
            audit.record(session, Action.REQUESTED, at=now, actor="U0RITA", request_id=number)
            jobs.add(session, Kind.MESSAGE, {}, ordering_key=f"request:{number}", at=now)
        for number in (2, 17):
            end = now + timedelta(hours=1)
            grants.add(session, examples.active_grant(number, approved_at=now, expires_at=end))
    with database.transaction() as session:
        stream.begin(session, now)
        [newest] = stream.rows(session, 17, most=1)
        stream.save(session, stream.Cursor(), stream.Cursor(17, newest.digest))
    database.close()
    assert not file.with_name("dbaccess.db-wal").exists(), "the file has it all"
    return file


@pytest.fixture
def siem() -> Iterator[Siem]:
    with serving() as siem:
        yield siem


@pytest.fixture
def folder(
    operator: Operator, siem: Siem, filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A folder as the pages mean it, filled in."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    operator.env = {
        "DATABASE_URL": f"sqlite:///{tmp_path / 'dbaccess.db'}",
        "DBACCESS_STREAM_SECRET": SECRET,
    }
    shutil.copy(filled, tmp_path / "dbaccess.db")
    for example in ("dbaccess", "policy-tests"):
        shutil.copy(ROOT / f"{example}.example.toml", tmp_path / f"{example}.toml")
    with (tmp_path / "dbaccess.toml").open("a") as policy_file:
        policy_file.write(f'[stream]\nurl = "{siem.url}"\n')
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("arguments", RUN_HERE, ids=" ".join)
def test_a_command_runs_as_it_stands(operator: Operator, arguments: tuple[str, ...]) -> None:
    answer = "y\n" if "erase" in arguments else None

    env = operator.place.env | operator.env
    result = CliRunner().invoke(app, list(arguments), env=env, input=answer)

    assert result.exit_code == 0, result.output
