"""Commands of other distributions: the playground's `demo`, where it is installed."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.cli import app, plugins
from tests.cli.installing import install_playground

COLUMNS = 80


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments, prog_name="dbaccess", env={"COLUMNS": str(COLUMNS)})


@pytest.fixture
def _installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_playground(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)


@pytest.fixture
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugins, "GROUP", "dbaccess.nothing")


@pytest.mark.usefixtures("_installed")
def test_the_playgrounds_command_is_listed_and_explained_where_it_is_installed() -> None:
    assert "  demo       Try it in a browser, without Slack" in run("--help").stdout

    explained = run("demo", "--help")

    assert explained.exit_code == 0
    assert "--script" in explained.stdout
    assert max(len(line) for line in explained.stdout.splitlines()) <= COLUMNS


@pytest.mark.usefixtures("_installed")
def test_an_installed_command_takes_its_options() -> None:
    refused = run("demo", "--port", "-1")

    assert refused.exit_code == 2
    assert "--port" in refused.stderr


@pytest.mark.usefixtures("_alone")
def test_without_the_playground_the_demo_says_how_to_get_it() -> None:
    refused = run("demo", "--script")

    assert refused.exit_code == 2
    assert "`dbaccess demo` needs the playground: run `make demo` in a checkout." in refused.stderr
    assert "demo" not in run("--help").stdout


@pytest.mark.usefixtures("_alone")
def test_a_command_that_nobody_has_is_refused() -> None:
    refused = run("dmeo")

    assert refused.exit_code == 2
    assert "No such command" in refused.stderr
