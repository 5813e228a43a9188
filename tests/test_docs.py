"""The documentation: what it names is there, and what is there it names."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from bot.cli import app
from bot.config import Settings
from bot.domain.durations import show_duration
from bot.domain.machines import Issuer
from bot.domain.policy import ClusterPolicy, Retention, Scheduler
from bot.domain.sessions import PREFIX, SessionPolicy
from bot.domain.written_policy import AutoApproval, Emergency

ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / "docs").rglob("*.md"))
FRONT = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md")]
CONFIGURATION = ROOT / "docs" / "configuration.md"
COMMANDS: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]
TYPED = re.compile(r"(?:python -m bot|(?<!-[nu] )\bdbaccess) (?!python)([a-z]+)(.*)")


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def rows(page: Path) -> Iterator[list[str]]:
    """The rows of a page's tables, cell by cell."""
    for line in page.read_text().splitlines():
        if line.startswith("|") and not line.startswith("|---"):
            yield [cell.strip() for cell in line.strip("|").split("|")]


def code_in(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def shown(value: object) -> str:
    """A default as somebody would write it in the file."""
    if isinstance(value, timedelta):
        return show_duration(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return str([str(one) for one in value]).replace("'", '"')
    return str(value)


def commands_in(page: Path) -> Iterator[tuple[str, str]]:
    """Each command of ours that a page has one type, with what stands behind it on the line."""
    text = page.read_text()
    typed = re.findall(r"`(dbaccess [^`]+)`", text)
    for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL):
        typed += block.splitlines()
    typed += re.findall(r"^\$ (.+)$", text, re.MULTILINE)
    for line in typed:
        if found := TYPED.search(line):
            yield found[1], found[2].partition("#")[0]


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_every_variable_of_the_environment_is_in_the_reference_and_no_other() -> None:
    named = {
        name
        for row in rows(CONFIGURATION)
        for name in code_in(row[0])
        if name.isupper() and name.isidentifier()
    }
    of_logins = {"session_logins"}  # named by the policy: `DBACCESS_SESSIONS_…`
    assert named == {field.upper() for field in Settings.model_fields.keys() - of_logins}
    assert f"`{PREFIX}…`" in CONFIGURATION.read_text()


def test_every_key_of_the_policy_is_in_the_reference_with_its_default() -> None:
    written = {
        key: default
        for first, *more in rows(CONFIGURATION)
        if not first.startswith("`[")
        for key, default in zip(code_in(first), code_in(more[0]) or [more[0]] * 9, strict=False)
    }
    for key, field in ClusterPolicy.model_fields.items():
        if key not in ("id", "emergency", "auto_approve", "sessions"):
            default = "required" if field.is_required() else shown(field.default)
            assert (key, written.get(key)) == (key, default)


@pytest.mark.parametrize(
    ("table", "model"),
    [
        ("[clusters.X.emergency]", Emergency),
        ("[[clusters.X.auto_approve]]", AutoApproval),
        ("[clusters.X.sessions]", SessionPolicy),
        ("[machines.X]", Issuer),
        ("[scheduler]", Scheduler),
        ("[retention]", Retention),
    ],
)
def test_every_key_of_a_table_of_the_policy_is_in_the_reference(table: str, model: Any) -> None:
    named = {
        name
        for row in rows(CONFIGURATION)
        if table in row[0]
        for cell in row
        for name in code_in(cell)
    }
    assert set(model.model_fields) <= named


def test_every_command_for_operators_is_on_their_page() -> None:
    named = {command for command, _ in commands_in(ROOT / "docs" / "operating.md")}
    assert set(COMMANDS) - {"serve", "web", "worker"} <= named


@pytest.mark.parametrize("path", [*PAGES, *FRONT], ids=name_of)
def test_every_command_that_a_page_tells_is_one_with_its_options(path: Path) -> None:
    for command, behind in commands_in(path):
        assert command in COMMANDS, f"dbaccess {command}"
        below = getattr(COMMANDS[command], "commands", {}).values()  # as `audit verify`
        takes = [one for each in (COMMANDS[command], *below) for one in each.params]
        options = {option for one in takes for option in one.opts}
        assert set(re.findall(r"(?<!\S)--[a-z-]+", behind)) <= options


@pytest.mark.parametrize(
    "name", ["Procfile", "Dockerfile", ".do/app.yaml", "docs/running/dbaccess.service"]
)
def test_what_runs_the_bot_elsewhere_calls_commands_that_it_has(name: str) -> None:
    path = ROOT / name
    if name == "Dockerfile":
        told = re.findall(r'"-m", "bot", "([a-z]+)"', path.read_text())
    else:
        told = re.findall(r"(?:-m bot|bin/dbaccess) ([a-z]+)", path.read_text())
    assert told
    assert set(told) <= set(COMMANDS)


def test_the_app_platform_runs_what_the_procfile_runs() -> None:
    spec = yaml.safe_load((ROOT / ".do" / "app.yaml").read_text())
    runs = {one["run_command"] for kind in ("jobs", "services", "workers") for one in spec[kind]}
    procfile = (ROOT / "Procfile").read_text().splitlines()
    assert runs == {f"python -m bot {line.split()[-1]}" for line in procfile}
    assert {env["key"] for env in spec["envs"]} <= {
        field.upper() for field in Settings.model_fields
    }


@pytest.mark.parametrize("path", [*PAGES, ROOT / "CONTRIBUTING.md"], ids=name_of)
def test_every_file_of_ours_that_a_page_names_is_there(path: Path) -> None:
    named = re.findall(r"`((?:bot|docs|migrations|playground|tests)/[\w./-]+)`", path.read_text())
    for name in named:
        assert (ROOT / name).exists(), name


def test_what_a_contributor_looks_for_is_where_the_page_says() -> None:
    answers = [row for row in rows(ROOT / "CONTRIBUTING.md") if len(row) == 3][1:]
    assert len(answers) >= 10
    for question, file, name in answers:
        text = (ROOT / code_in(file)[0]).read_text()
        assert re.search(rf"\b{code_in(name)[0]}\b", text), question


def test_each_test_that_stands_for_a_promise_is_there() -> None:
    page = ROOT / "docs" / "reliability.md"
    witnesses = [name for row in rows(page) if "test_" in row[-1] for name in code_in(row[-1])]
    assert len(witnesses) > 20
    for name in witnesses:
        places = (ROOT / "tests" / "scenarios", ROOT / "tests", ROOT)
        assert any((place / name).with_suffix(".py").exists() for place in places), name


@pytest.mark.parametrize("page", FRONT, ids=name_of)
def test_links_of_the_front_pages_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if link.startswith(("https:", "http:")):
            continue
        file, _, anchor = link.partition("#")
        target = page.parent / file if file else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link
