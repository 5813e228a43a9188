"""`make audit`: which known faults are accepted, for how long, and what cannot be reached."""

import importlib.machinery
import importlib.util
import re
import subprocess
import sys
import tomllib
from datetime import date
from pathlib import Path
from types import ModuleType

import pytest

from tests.test_setup import RUNNING, pins

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "security.md").read_text()
TODAY = date(2026, 11, 28)
GOOD = """
[[accepted]]
id = "GHSA-aaaa-bbbb-cccc"
package = "requests==VERSION"
reason = "It needs a redirect to a host of the attacker, and we follow none."
since = 2026-11-01
until = 2027-01-15
""".replace("VERSION", pins(RUNNING)["requests"])


def load_audit() -> ModuleType:
    loader = importlib.machinery.SourceFileLoader("audit", str(ROOT / ".ci" / "audit"))
    spec = importlib.util.spec_from_loader("audit", loader)
    assert spec
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


AUDIT = load_audit()


@pytest.fixture
def pip_audit() -> list[str]:
    """Stands for pip-audit: it knows two faults, and finds each that it is not told to ignore."""
    script = (
        "import sys; found = {'GHSA-aaaa-bbbb-cccc'} - set(sys.argv); print(*found); "
        "sys.exit(bool(found))"
    )
    return [sys.executable, "-c", script]


def audited(tmp_path: Path, entries: str, command: list[str], today: date = TODAY) -> int:
    file = tmp_path / "accepted-faults.toml"
    file.write_text(entries or "accepted = []")
    return int(AUDIT.main(command, file, today))


def test_a_known_fault_fails_the_audit(tmp_path: Path, pip_audit: list[str]) -> None:
    assert audited(tmp_path, "", pip_audit) == 1


def test_an_accepted_fault_does_not(tmp_path: Path, pip_audit: list[str]) -> None:
    assert audited(tmp_path, GOOD, pip_audit) == 0


@pytest.mark.parametrize(
    ("written", "instead", "says"),
    [
        ("requests==", "requests==0.", "does not pin"),
        (
            "It needs a redirect to a host of the attacker, and we follow none.",
            "Fine.",
            "too short",
        ),
        ("until = 2027-01-15", "until = 2027-11-15", "90 days"),
        ("until = 2027-01-15", "", "it needs"),
        ("until = 2027-01-15", "until = 2026-11-27", "look at it again"),
        ("reason", "because", "it needs"),
    ],
)
def test_none_is_accepted_without_a_reason_or_for_long(
    tmp_path: Path,
    pip_audit: list[str],
    capsys: pytest.CaptureFixture[str],
    written: str,
    instead: str,
    says: str,
) -> None:
    assert audited(tmp_path, GOOD.replace(written, instead), pip_audit) == 2
    assert says in capsys.readouterr().err


def test_what_the_file_accepts_today_has_a_reason_and_an_end() -> None:
    """Whether its time is over is asked by `make audit`: no test fails on a date."""
    nothing_found = [sys.executable, "-c", ""]

    assert AUDIT.main(nothing_found, AUDIT.ACCEPTED, date.min) == 0


def test_the_page_says_whether_any_is_accepted() -> None:
    accepted = tomllib.loads(AUDIT.ACCEPTED.read_text())["accepted"]
    assert ("None is accepted today" in PAGE) == (not accepted)


def test_the_audit_asks_about_each_pin() -> None:
    planned = subprocess.check_output(["make", "--dry-run", "audit"], cwd=ROOT, text=True)

    (line,) = (line for line in planned.splitlines() if ".ci/audit" in line)
    assert "--require-hashes" in line
    assert "--strict" in line
    assert AUDIT.REQUIREMENTS == RUNNING


def test_what_the_page_calls_never_loaded_is_never_loaded() -> None:
    (named,) = re.findall(r"never loads\s+(.+?)\. A fault", PAGE, re.DOTALL)
    names = re.findall(r"`([a-z-]+)`", named)
    assert len(names) > 5
    assert set(names) <= set(pins(RUNNING))
    imported_as = {"pyjwt": "jwt", "azure-identity": "azure.identity"}
    modules = [imported_as.get(name, name.replace("-", "_")) for name in names]
    assert all(importlib.util.find_spec(module) for module in modules)
    program = f"""
import importlib, pkgutil, sys, bot
for one in pkgutil.walk_packages(bot.__path__, "bot."):
    if one.name not in ("bot.__main__", "bot.reporting.drawing"):
        importlib.import_module(one.name)
import pydo
pydo.Client(token="unused")
print(*({set(modules)!r} & set(sys.modules)))
assert "requests" in sys.modules
"""
    loaded = subprocess.check_output([sys.executable, "-c", program], cwd=ROOT, text=True)

    assert loaded.split() == []
