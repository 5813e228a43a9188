"""The set-up: what is pinned is all that is installed, and running needs less than testing."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
RUNNING, BUILDING, ALL = (
    ROOT / name for name in ("requirements.txt", "requirements-build.txt", "requirements-dev.txt")
)
PIN = re.compile(r"([a-z0-9._-]+)==([^ ]+)( ; .+)? \\")
HASH = re.compile(r"    --hash=sha256:[0-9a-f]{64}( \\)?")


def pins(file: Path) -> dict[str, str]:
    """The versions by the names of the packages."""
    found = (PIN.fullmatch(line) for line in file.read_text().splitlines())
    return {match[1]: match[2] for match in found if match}


@pytest.mark.parametrize("file", [RUNNING, BUILDING, ALL], ids=lambda file: file.name)
def test_a_file_of_pins_has_names_versions_and_hashes_and_nothing_else(file: Path) -> None:
    for line in file.read_text().splitlines():
        assert PIN.fullmatch(line) or HASH.fullmatch(line), line


def test_what_runs_is_what_is_tested() -> None:
    tested = pins(ALL)

    for name, version in (pins(RUNNING) | pins(BUILDING)).items():
        assert tested[name] == version, name


def test_running_needs_no_tool_of_the_tests() -> None:
    installed = pins(RUNNING) | pins(BUILDING)

    assert not {"pytest", "playwright", "mypy", "mkdocs-material", "ruff", "uv"} & set(installed)


def test_the_checkout_is_built_by_pinned_tools() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())

    assert sorted(project["build-system"]["requires"]) == project["dependency-groups"]["build"]


@pytest.mark.parametrize("target", ["setup", "setup-dev", "package-check"])
def test_pip_resolves_nothing(target: str) -> None:
    planned = subprocess.run(
        ["make", "--always-make", "--dry-run", target],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    installing = [line for line in planned.splitlines() if " pip install " in line]
    assert installing
    for line in installing:
        assert "--no-deps" in line
        assert "--require-hashes" in line or "--editable ." in line or "dist/*.whl" in line
