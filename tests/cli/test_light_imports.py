"""Each command loads what it uses: who asks for the version waits for no database driver."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.installing import install_playground
from tests.processes import CONFIG
from tests.storage import migrated

ROOT = Path(__file__).parents[2]
RUN = """
import contextlib, io, json, sys
from bot.cli import main
with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):
    main()
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""
ROLE = """
import json, sys
role = sys.argv[1]
from bot.config import load_policy, load_settings
from bot.service import Service
settings = load_settings()
policy = load_policy(settings.dbaccess_config)
service = Service(settings, policy, web=role == "web", worker=role == "worker")
service.start()
service.stop()
print(json.dumps(sorted(sys.modules)))
"""
IMPORTED_BY_TYPER = "import json, sys, typer; print(json.dumps(sorted(sys.modules)))"
SERVING = {"apscheduler", "flask", "prometheus_client", "slack_bolt", "waitress", "werkzeug"}
REMOTE = {"slack_sdk", "tenacity", "urllib3"}


def _python(code: str, *arguments: str, folder: Path) -> list[str]:
    env = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]),
        "DATABASE_URL": f"sqlite:///{folder / 'dbaccess.db'}",
        "SLACK_BOT_TOKEN": "a-bot-token",
        "SLACK_SIGNING_SECRET": "a-signing-secret",
        "DIGITALOCEAN_TOKEN": "a-token",
        "SLACK_API_URL": "http://127.0.0.1:9/api/",
        "DIGITALOCEAN_API_URL": "http://127.0.0.1:9",
        "PORT": "0",
    }
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    loaded: list[str] = json.loads(done.stdout.splitlines()[-1])  # behind the log
    return loaded


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    migrated(tmp_path).close()
    (tmp_path / "dbaccess.toml").write_text(CONFIG)
    return tmp_path


def _loaded_beyond_typer(option: str, folder: Path) -> set[str]:
    for_typer = {name.partition(".")[0] for name in _python(IMPORTED_BY_TYPER, folder=folder)}
    loaded = set(_python(RUN, option, folder=folder))
    return loaded - for_typer - set(sys.stdlib_module_names)


def test_the_version_loads_nothing_but_the_command_lines_own_library(tmp_path: Path) -> None:
    assert _loaded_beyond_typer("--version", tmp_path) == {"bot"}


def test_the_help_loads_besides_only_what_names_the_playgrounds_command(tmp_path: Path) -> None:
    install_playground(tmp_path)

    assert _loaded_beyond_typer("--help", tmp_path) == {"bot", "dbaccess_playground"}


@pytest.mark.parametrize("command", ["grants", "audit", "jobs"])
def test_what_only_reads_the_database_loads_nothing_of_slack_or_digitalocean(
    command: str, folder: Path
) -> None:
    loaded = set(_python(RUN, command, folder=folder))

    assert "sqlalchemy" in loaded
    assert not loaded & (SERVING | REMOTE | {"alembic"})


def test_ending_a_grant_loads_nothing_that_serves(folder: Path) -> None:
    loaded = set(_python(RUN, "revoke", "17", folder=folder))

    assert not loaded & (SERVING | {"alembic", "slack_sdk"})


def test_check_loads_nothing_that_serves(folder: Path) -> None:
    loaded = set(_python(RUN, "check", folder=folder))

    assert "slack_sdk" in loaded
    assert not loaded & SERVING


def test_web_on_sqlite_loads_only_what_it_needs(folder: Path) -> None:
    loaded = set(_python(ROLE, "web", folder=folder))

    assert "slack_bolt" in loaded
    assert not loaded & {"alembic", "apscheduler", "mako", "matplotlib", "psycopg", "rapidfuzz"}
    assert "bot.worker" not in loaded


def test_a_worker_on_sqlite_loads_nothing_that_answers_http(folder: Path) -> None:
    loaded = set(_python(ROLE, "worker", folder=folder))

    assert "apscheduler" in loaded
    assert not loaded & (SERVING - {"apscheduler", "prometheus_client"})
    assert not loaded & {"bot.slack.inbound.controller", "bot.web", "jinja2"}
    assert "alembic" not in loaded
    assert "bot.sessions.ending" in loaded
    assert "bot.sessions.postgresql" not in loaded, "no cluster has its sessions ended"
