"""The command line itself: its help, its version, its completion."""

import os
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

import bot
from bot.cli import app
from bot.domain.policy_schema import policy_schema_text
from tests.processes import DBACCESS

ROOT = Path(__file__).parents[2]
COMMANDS = sorted(typer.main.get_command(app).commands)  # type: ignore[attr-defined]  # a group
COLUMNS = 80


def run(*arguments: str, **env: str) -> Result:
    env = {"COLUMNS": str(COLUMNS), **env}
    return CliRunner().invoke(app, list(arguments), prog_name="dbaccess", env=env)


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_the_help_fits_into_80_columns(command: str) -> None:
    shown = run(*command.split(), "--help")

    assert shown.exit_code == 0
    assert max(len(line) for line in shown.stdout.splitlines()) <= COLUMNS


def test_the_list_of_commands_says_what_each_does_in_a_whole_sentence() -> None:
    listed = run("--help").stdout.partition("Commands:\n")[2].rstrip().splitlines()

    names = {line.split()[0] for line in listed}
    assert names - {"demo"} == set(COMMANDS)  # `demo` is there where the playground is installed
    for line in listed:
        assert line.endswith(".")
        assert not line.endswith("...")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_is_explained(command: str) -> None:
    for parameter in typer.main.get_command(app).commands[command].params:  # type: ignore[attr-defined]
        assert parameter.help, parameter.name
        assert parameter.help.endswith("."), parameter.name


def test_the_version_has_one_place() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())

    assert run("--version").stdout == f"dbaccess {bot.__version__}\n"
    assert "version" not in project["project"]
    assert project["tool"]["hatch"]["version"]["path"] == "bot/__init__.py"


def test_the_schema_is_printed_without_any_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert run("schema").stdout == policy_schema_text()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_completes_commands(shell: str) -> None:
    answer = run(
        _DBACCESS_COMPLETE=f"complete_{shell}",
        COMP_WORDS="dbaccess rev",
        COMP_CWORD="1",
        _TYPER_COMPLETE_ARGS="dbaccess rev",
        _TYPER_COMPLETE_FISH_ACTION="get-args",
    )

    assert "revoke" in answer.stdout
    assert "reconcile" not in answer.stdout


def test_a_shell_is_told_how_to_complete() -> None:
    told = subprocess.run(
        ["bash", "-c", f"{shlex.join([*DBACCESS, '--show-completion'])}; exit $?"],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert told.returncode == 0, told.stderr
    assert "complete -o" in told.stdout
