"""`dbaccess check` between the sandboxes, in this process."""

import json
from pathlib import Path

import click
from typer.testing import CliRunner, Result

from bot.checks.findings import Finding, Level
from bot.cli import app
from tests.processes import CONFIG, Place


class Operator:
    """An operator's folder, in which everything is in order until something is broken."""

    def __init__(self, folder: Path) -> None:
        self.place = Place(folder)
        self.slack = self.place.slack
        self.digitalocean = self.place.digitalocean
        self.env: dict[str, str] = {}
        self._exit_code = 0

    def write(self, *, instead_of: str = "", config: str = "", more: str = "") -> None:
        """Write the usual dbaccess.toml with one part replaced, and something at its end."""
        assert instead_of in CONFIG
        self.place.configure(CONFIG.replace(instead_of, config, 1) + more)

    def check(self, *options: str) -> Result:
        """Run `dbaccess check`."""
        result = CliRunner().invoke(app, ["check", *options], env=self.place.env | self.env)
        if result.exception is not None and not isinstance(
            result.exception, SystemExit | click.exceptions.Exit
        ):
            raise result.exception
        self._exit_code = result.exit_code
        return result

    def findings(self, *options: str) -> list[Finding]:
        """Return what `dbaccess check` finds."""
        return [
            Finding(next(x for x in Level if x.lower() == one["level"]), one["what"], one["words"])
            for one in json.loads(self.check("--json", *options).stdout)
        ]

    def tells(self, level: Level, what: str, words: str) -> None:
        """Assert that such a line is there, and that the exit code is 1 where there is a fault."""
        found = self.findings()
        assert any((f.level, f.what) == (level, what) and words in f.words for f in found), found
        assert self._exit_code == (1 if any(f.level is Level.FAULT for f in found) else 0)
