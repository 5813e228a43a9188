"""The monitoring page, the alert rules and the dashboard name what is really there."""

import ast
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import yaml
from prometheus_client import CollectorRegistry

from bot.clock import SystemClock
from bot.metrics import Metrics
from bot.store import schema
from bot.store.database import Database
from bot.worker.periodic_jobs import periodic_jobs
from tests.installed import needed

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs/monitoring.md").read_text()
RULES = yaml.safe_load((ROOT / "docs/monitoring/alerts.yml").read_text())
DASHBOARD = json.loads((ROOT / "docs/monitoring/dashboard.json").read_text())
LEVELS = {"exception": "error"}  # how a method is called, where its entries say otherwise
SERIES = re.compile(r"\b(?:dbaccess|process)_[a-z_]+")


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CollectorRegistry]:
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('monitoring') / 'dbaccess.db'}")
    schema.upgrade(database)
    metrics = Metrics(database, SystemClock())
    metrics.begin()
    yield metrics.registry
    database.close()


@pytest.fixture(scope="module")
def series(registry: CollectorRegistry) -> set[str]:
    """Every name that an expression may use."""
    endings = {
        "counter": ("_total",),
        "histogram": ("_bucket", "_sum", "_count"),
        "info": ("_info",),
    }
    return {
        f"{metric.name}{ending}"
        for metric in registry.collect()
        for ending in endings.get(metric.type, ("",))
    }


def rules() -> list[dict[str, Any]]:
    return [rule for group in RULES["groups"] for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    return [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]


def expressions() -> list[str]:
    drawn = [target["expr"] for panel in panels() for target in panel["targets"]]
    return [rule["expr"] for rule in rules()] + drawn


@pytest.mark.parametrize("expression", expressions())
def test_each_metric_that_a_rule_or_a_panel_names_is_there(
    expression: str, series: set[str]
) -> None:
    named = set(SERIES.findall(expression))
    assert named
    assert named <= series


def test_each_metric_of_ours_is_drawn_or_watched_and_explained(series: set[str]) -> None:
    used = {name for expression in expressions() for name in SERIES.findall(expression)}
    ours = {name for name in series if name.startswith("dbaccess_")}
    stems = {re.sub(r"_(bucket|sum|count)$", "", name) for name in ours}
    assert stems - {re.sub(r"_(bucket|sum|count)$", "", name) for name in used} == set()
    assert {name for name in stems if f"`{name}`" not in PAGE} == set()


def test_the_page_explains_no_metric_that_is_gone(series: set[str]) -> None:
    stems = series | {re.sub(r"_(bucket|sum|count)$", "", name) for name in series}
    assert {name for name in SERIES.findall(PAGE) if name != "process_"} <= stems


def test_each_rule_says_what_is_wrong_and_what_to_do() -> None:
    names = [rule["alert"] for rule in rules()]
    assert len(set(names)) == len(names)
    for rule in rules():
        assert set(rule["annotations"]) == {"summary", "action"}
        assert rule["labels"]["severity"] in {"critical", "warning", "info"}


@pytest.mark.parametrize(
    "arguments", ["check rules docs/monitoring/alerts.yml", "test rules tests/alerts_test.yml"]
)
def test_prometheus_takes_the_rules_and_they_fire_when_they_should(arguments: str) -> None:
    promtool = needed("promtool", "prometheus")

    said = subprocess.run(
        [promtool, *arguments.split()], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert said.returncode == 0, said.stdout + said.stderr


def test_what_the_tables_tell_is_never_summed_over_processes() -> None:
    own = (
        *("digitalocean", "slack", "rate_limited", "reconcile", "periodic_job_failures"),
        *("machine_tokens", "machine_requests", "issuer_reads"),
        "stream_deliveries",
    )
    for expression in expressions():
        for name in re.findall(r"sum(?: by \([^)]*\))? \((?:\w+\()*(dbaccess_\w+)", expression):
            assert name.removeprefix("dbaccess_").startswith(own), expression


def test_the_dashboard_takes_any_data_source_and_its_panels_do_not_overlap() -> None:
    assert DASHBOARD["schemaVersion"] >= 39
    kinds = {variable["name"]: variable["type"] for variable in DASHBOARD["templating"]["list"]}
    assert kinds["datasource"] == "datasource"
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert max(x for x, _ in cells) < 24
        assert not cells & taken
        taken |= cells
    for panel in panels():
        assert panel["datasource"]["uid"] == "${datasource}"
        assert all(target["datasource"]["uid"] == "${datasource}" for target in panel["targets"])


def logged_events() -> set[tuple[str, str]]:
    """Return each event that the source logs, with its level."""
    found = set()
    for file in (ROOT / "bot").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            match node:
                case ast.Call(
                    func=ast.Attribute(value=ast.Name("log"), attr=method),
                    args=[ast.Constant(str(event)), *_],
                ):
                    found.add((event, LEVELS.get(method, method)))
                case ast.Call(
                    func=ast.Name("answer_or_failure"), args=[ast.Constant(str(event)), *_]
                ):
                    found.add((event, "error"))
    return found


def test_the_page_lists_each_event_that_is_logged_with_its_level_and_no_other() -> None:
    table = PAGE[PAGE.index("| event | level |") :]
    listed = set(re.findall(r"^\| `([^`]+)` \| (\w+) \|", table, re.MULTILINE))
    assert len(listed) > 20
    assert listed == logged_events()


def test_every_periodic_job_is_on_the_page_and_no_other() -> None:
    section = PAGE.partition("### Periodic jobs")[2].partition("\n## ")[0]
    named = [
        name
        for row in section.splitlines()
        if row.startswith("| `") and not row.startswith("| `job`")
        for name in re.findall(r"`([a-z_]+)`", row.split("|")[1])
    ]
    queue_key = next(row for row in PAGE.splitlines() if row.startswith("| `queue` |"))
    queues = re.findall(r"`([a-z]+)`", queue_key.split("|")[2])
    nothing: Any = SimpleNamespace(run_step=print)
    jobs = periodic_jobs(
        nothing,
        nothing,
        [cast("Any", SimpleNamespace(name=name, dispatch=None)) for name in queues],
        begin_offboarding=lambda: None,
        begin_usage=lambda: None,
        check_issuers=dict,
        run_due=lambda: None,
        wake=lambda: None,
        beat=lambda: None,
    )
    assert sorted(named) == sorted(job.name for job in jobs)
