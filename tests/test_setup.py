"""The set-up: what is pinned is all that is installed, and running needs less than testing."""

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
RUNNING, PLAYGROUND, BUILDING, RELEASING, ALL = (
    ROOT / f"requirements{what}.txt" for what in ("", "-playground", "-build", "-release", "-dev")
)
PROJECT, PLAYGROUND_PROJECT = (
    tomllib.loads((ROOT / folder / "pyproject.toml").read_text()) for folder in ("", "playground")
)
PIN = re.compile(r"([a-z0-9._-]+)==([^ ]+)( ; .+)? \\")
NAME = re.compile(r"[a-z0-9-]+")
HASH = re.compile(r"    --hash=sha256:[0-9a-f]{64}( \\)?")


def pins(file: Path) -> dict[str, str]:
    """The versions by the names of the packages."""
    found = (PIN.fullmatch(line) for line in file.read_text().splitlines())
    return {match[1]: match[2] for match in found if match}


@pytest.mark.parametrize(
    "file", [RUNNING, PLAYGROUND, BUILDING, RELEASING, ALL], ids=lambda file: file.name
)
def test_a_file_of_pins_has_names_versions_and_hashes_and_nothing_else(file: Path) -> None:
    for line in file.read_text().splitlines():
        assert PIN.fullmatch(line) or HASH.fullmatch(line), line


def test_what_runs_is_what_is_tested() -> None:
    tested = pins(ALL)

    for name, version in [
        pin for file in (RUNNING, PLAYGROUND, BUILDING) for pin in pins(file).items()
    ]:
        assert tested[name] == version, name


def test_a_release_is_built_by_the_tools_that_build_the_checkout() -> None:
    assert pins(BUILDING).items() <= pins(RELEASING).items()


def test_running_needs_no_tool_of_the_tests() -> None:
    installed = pins(RUNNING) | pins(PLAYGROUND) | pins(BUILDING)

    assert not {"pytest", "playwright", "mypy", "mkdocs-material", "ruff", "uv"} & set(installed)


@pytest.mark.parametrize(
    ("project", "pinned"), [(PROJECT, RUNNING), (PLAYGROUND_PROJECT, PLAYGROUND)]
)
def test_what_a_distribution_asks_for_is_pinned(project: dict[str, Any], pinned: Path) -> None:
    asked = {NAME.match(one)[0] for one in project["project"]["dependencies"]}  # type: ignore[index]

    assert asked <= set(pins(pinned))


def test_the_product_is_not_shipped_with_what_only_the_playground_needs() -> None:
    assert "websockets" in pins(PLAYGROUND)
    assert "websockets" not in pins(RUNNING)


@pytest.mark.parametrize("project", [PROJECT, PLAYGROUND_PROJECT])
def test_the_checkout_is_built_by_pinned_tools(project: dict[str, Any]) -> None:
    assert sorted(project["build-system"]["requires"]) == PROJECT["dependency-groups"]["build"]


@pytest.mark.parametrize("target", ["setup", "setup-dev", "package-check", "release"])
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
