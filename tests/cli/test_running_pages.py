"""The commands to upgrade and to go back, run as they stand on the page.

Neither systemd nor Docker is there. What stands in for them keeps what is installed and what runs,
and carries out on the real files what it is told to run; the backup is SQLite's own.
"""

import os
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import app
from bot.config import load_policy
from bot.live_policy import LivePolicy, Reload
from tests.processes import CONFIG

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "running" / "upgrade.md").read_text()
PROGRAMS = {
    "systemctl": 'echo "systemctl $*: $(readlink $FOLDER/opt/dbaccess)" >> $FOLDER/log\n'
    '[ "$1" != start ] || $FOLDER/opt/dbaccess/bin/dbaccess serve',
    "sudo": 'shift 2; exec env "$@"',
    "python3": 'mkdir -p "$3/bin"; cp $FOLDER/bin/installed "$3/bin/dbaccess"; '
    'ln -s /bin/true "$3/bin/pip"',
    # A newer version's `serve` brings the schema up to date; an older one refuses it.
    "installed": """\
case "$0 $1" in
  */opt/dbaccess/*) version=$(readlink $FOLDER/opt/dbaccess) ;;
  *) version=$VERSION ;;
esac
echo "dbaccess $* of ${version##*-}" >> $FOLDER/log
[ "$1" = serve ] || exit 0
case "$version" in
  *0.2.0) sqlite3 dbaccess.db "UPDATE schema SET version = 2" ;;
  *) [ "$(sqlite3 dbaccess.db 'SELECT version FROM schema')" = 1 ] ;;
esac""",
    "docker": """\
echo "docker $1 $2" >> $FOLDER/log
case "$1" in
  exec) shift 2; export VERSION=$(cat $FOLDER/runs) ;;
  run)
    kind=$2
    until expr "$1" : "dbaccess:[0-9]" > /dev/null; do shift; done
    export VERSION=$1
    shift
    if [ "$kind" = -d ]; then echo "$VERSION" > $FOLDER/runs; set -- python -m bot serve; fi ;;
  *) exit 0 ;;
esac
cd $FOLDER/var/lib/dbaccess
case "$*" in
  "python -m sqlite3 "*) shift 3; exec sqlite3 "$@" ;;
  "python -m bot "*) shift 3; exec $FOLDER/bin/installed "$@" ;;
  *) exec "$@" ;;
esac""",
}
SQLITE = """\
import sqlite3, sys
with sqlite3.connect(sys.argv[1]) as database:
    for row in database.execute(sys.argv[2]):
        print(*row)
"""


class Machine:
    """A machine on which version 0.1.0 is installed and has written a database."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "var" / "lib" / "dbaccess"
        for made in (self.data, folder / "opt", folder / "bin", folder / "config"):
            made.mkdir(parents=True)
        for name, script in PROGRAMS.items():
            self._program(name, f"#!/bin/sh\n{script}\n")
        self._program("sqlite3", f"#!{sys.executable}\n{SQLITE}")
        (folder / ".env").touch()
        (folder / "runs").write_text("dbaccess:0.1.0")
        run = ROOT / "docs" / "running" / "docker-run.sh"
        (folder / "docker-run.sh").write_text(run.read_text())
        with sqlite3.connect(self.data / "dbaccess.db") as database:
            database.execute("CREATE TABLE schema AS SELECT 1 AS version")
        self.run("python3 -m venv /opt/dbaccess-0.1.0; ln -sfn /opt/dbaccess-0.1.0 /opt/dbaccess")

    def run(self, commands: str) -> list[str]:
        """Run what the page says, and return what was done by it."""
        said = re.sub(r"(?<![\w.$])(/opt/|/var/lib/)", rf"{self.folder}\1", commands)
        log = self.folder / "log"
        log.write_text("")
        env = {"PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}", "FOLDER": str(self.folder)}
        subprocess.run(["sh", "-eu", "-c", said], cwd=self.folder, env=env, check=True)
        return log.read_text().replace(f"{self.folder}/opt/", "").splitlines()

    @property
    def schema(self) -> int:
        """Which version wrote the database last."""
        with sqlite3.connect(self.data / "dbaccess.db") as database:
            return int(database.execute("SELECT version FROM schema").fetchone()[0])

    def _program(self, name: str, text: str) -> None:
        file = self.folder / "bin" / name
        file.write_text(text)
        file.chmod(0o755)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """See `Machine`."""
    return Machine(tmp_path)


def blocks(heading: str) -> list[str]:
    """Return the commands below a heading, block by block."""
    part = PAGE.partition(f"\n### {heading}\n")[2].partition("\n### ")[0]
    return re.findall(r"```sh\n(.*?)```", part, re.DOTALL)


def test_systemd_goes_to_the_next_version_and_back(machine: Machine) -> None:
    upgrade, back = blocks("systemd")

    done = machine.run(upgrade)

    assert machine.schema == 2
    assert done == [
        "systemctl stop dbaccess: dbaccess-0.1.0",
        "systemctl start dbaccess: dbaccess-0.2.0",
        "dbaccess serve of 0.2.0",
        "dbaccess check of 0.2.0",
    ]

    done = machine.run(back)

    assert machine.schema == 1
    assert done == [
        "systemctl stop dbaccess: dbaccess-0.2.0",
        "dbaccess reconcile --dry-run of 0.1.0",
        "systemctl start dbaccess: dbaccess-0.1.0",
        "dbaccess serve of 0.1.0",
    ]


def test_docker_goes_to_the_next_version_and_back(machine: Machine) -> None:
    upgrade, back = blocks("Docker")

    done = machine.run(upgrade)

    assert machine.schema == 2
    assert [line for line in done if line.startswith("dbaccess")] == [
        "dbaccess serve of dbaccess:0.2.0",
        "dbaccess check of dbaccess:0.2.0",
    ]
    assert done.index("docker stop dbaccess") > done.index("docker exec dbaccess")

    done = machine.run(back)

    assert machine.schema == 1
    assert [line for line in done if line.startswith("dbaccess")] == [
        "dbaccess reconcile --dry-run of dbaccess:0.1.0",
        "dbaccess serve of dbaccess:0.1.0",
    ]


def test_the_old_version_would_not_start_on_the_new_database(machine: Machine) -> None:
    upgrade, _ = blocks("systemd")
    machine.run(upgrade)

    back = "ln -sfn /opt/dbaccess-0.1.0 /opt/dbaccess; cd /var/lib/dbaccess; "

    with pytest.raises(subprocess.CalledProcessError):  # so going back takes the backup
        machine.run(f"{back} systemctl start dbaccess")


def test_systemd_reloads_what_sighup_reloads() -> None:
    unit = (ROOT / "docs" / "running" / "dbaccess.service").read_text()

    assert "\nExecReload=/bin/kill -HUP $MAINPID\n" in unit


def test_systemd_does_not_start_again_what_has_wrong_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unit = (ROOT / "docs" / "running" / "dbaccess.service").read_text()
    monkeypatch.chdir(tmp_path)  # without .env and dbaccess.toml
    stopped = CliRunner().invoke(app, ["serve"])

    assert "dbaccess.toml: there is no such file" in stopped.output
    assert f"\nRestartPreventExitStatus={stopped.exit_code}\n" in unit
    assert stopped.exit_code not in (0, 1)


@pytest.mark.parametrize("page", ["systemd", "docker"])
def test_a_page_checks_the_settings_before_the_first_start(page: str) -> None:
    text = (ROOT / "docs" / "running" / f"{page}.md").read_text()
    checked = re.search(r"(?:bin/dbaccess|-m bot) check$", text, re.MULTILINE)
    started = re.search(r"^(?:systemctl enable --now|sh docker-run.sh)", text, re.MULTILINE)

    assert checked
    assert started
    assert checked.start() < started.start()


def test_a_file_that_an_editor_renames_into_place_is_read(tmp_path: Path) -> None:
    """So docker-run.sh mounts the directory: a mounted file would stay the old one."""
    file, new = tmp_path / "dbaccess.toml", tmp_path / "dbaccess.toml~"
    file.write_text(CONFIG)
    policy = LivePolicy(load_policy(file), file)
    new.write_text(CONFIG + "max_duration = '2h'\n")

    new.replace(file)

    assert policy.reload() is Reload.APPLIED
    assert "/config:/etc/dbaccess:ro" in (ROOT / "docs" / "running" / "docker-run.sh").read_text()


def test_a_directory_that_kubernetes_swaps_is_read(tmp_path: Path) -> None:
    """A ConfigMap's files are links through a link, which is replaced at a change."""
    for version, config in (("one", CONFIG), ("two", CONFIG + "max_duration = '2h'\n")):
        (tmp_path / version).mkdir()
        (tmp_path / version / "dbaccess.toml").write_text(config)
    (tmp_path / "..data").symlink_to("one")
    file = tmp_path / "dbaccess.toml"
    file.symlink_to("..data/dbaccess.toml")
    policy = LivePolicy(load_policy(file), file)

    (tmp_path / "..new").symlink_to("two")
    (tmp_path / "..new").rename(tmp_path / "..data")

    assert policy.reload() is Reload.APPLIED
