"""The JSON Schema says what the parser says, as far as JSON Schema can say it."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from bot.config import ConfigError, parse_policy
from bot.domain.machines import Issuer
from bot.domain.policy import ClusterPolicy, Policy, Scheduler
from bot.domain.policy_schema import policy_schema, policy_schema_text
from bot.domain.written_policy import AutoApproval, Emergency
from tests.processes import CONFIG
from tests.test_config import AS_IN_THE_DESIGN, DOCUMENT, FAULTS, MINIMAL, ORDERS, WRITTEN, changed

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "dbaccess.example.toml"
VALIDATOR = Draft202012Validator(policy_schema())
DURATION = Draft202012Validator(policy_schema()["$defs"]["Scheduler"]["properties"]["tick"])
BEYOND_JSON_SCHEMA = (
    "clusters.orders: min_duration is longer",
    "clusters.orders: default_duration is shorter",
    "clusters.orders: 3 approvals are needed",
    "clusters: orders and billing have the same id",
    "clusters: orders: ci:nightly: there is no",
)


def accepts(document: dict[str, Any]) -> bool:
    return bool(VALIDATOR.is_valid(document))


def parses(document: dict[str, Any]) -> bool:
    try:
        parse_policy(document)
    except ConfigError:
        return False
    return True


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(policy_schema())


def test_the_committed_copy_is_current() -> None:
    committed = (ROOT / "dbaccess.schema.json").read_text()

    assert committed == policy_schema_text(), "run `dbaccess schema > dbaccess.schema.json`"


def test_editors_find_it_from_the_example() -> None:
    assert EXAMPLE.read_text().splitlines()[0] == "#:schema ./dbaccess.schema.json"


@pytest.mark.parametrize(
    "text",
    [
        EXAMPLE.read_text(),
        EXAMPLE.read_text().replace("\n# ", "\n"),
        MINIMAL,
        AS_IN_THE_DESIGN,
        CONFIG,
    ],
    ids=["example", "example-uncommented", "minimal", "design", "processes"],
)
def test_a_file_that_is_read_is_accepted(text: str) -> None:
    lines = [line for line in text.splitlines() if not line.startswith(("Who may", "Slack: copy"))]
    document = tomllib.loads("\n".join(lines))

    assert parses(document)
    assert list(VALIDATOR.iter_errors(document)) == []


@pytest.mark.parametrize(
    "changes",
    [
        {
            "defaults": ...,
            "clusters__orders__channel": "C0X",
            "clusters__orders__approvers": ["U0X"],
        },
        {"clusters__orders__auto_approve": [WRITTEN]},
        {"clusters__orders__emergency": {"requesters": ["*"], "max_duration": "1H"}},
        {"defaults__source_types": ["droplet", "k8s", "tag", "app"]},
        {"defaults__approvers": ["W0ENTERPRISE", "S0ADMINS"], "operators": "G0PRIVATE"},
        {"clusters__orders__id": ORDERS.replace("-", "").upper()},
        {"defaults__auto_approve": [{**WRITTEN, "sources": ["198.51.100.7"]}]},
        {"scheduler": {"tick": " 1m30s "}},
        {
            "machines": {"ci": {"issuer": "https://ci.example", "audience": "dbaccess"}},
            "clusters__orders__auto_approve": [
                {"machines": ["ci:a", "ci:b:*/c"], "max_duration": "1h"}
            ],
        },
    ],
    ids=str,
)
def test_whatever_else_is_read_is_accepted_too(changes: dict[str, Any]) -> None:
    assert parses(changed(**changes))
    assert accepts(changed(**changes))


@pytest.mark.parametrize(
    ("changes", "problem"), FAULTS, ids=lambda value: value[:60] if isinstance(value, str) else ""
)
def test_what_is_refused_is_refused_where_json_schema_can_say_it(
    changes: dict[str, Any], problem: str
) -> None:
    assert accepts(changed(**changes)) is problem.startswith(BEYOND_JSON_SCHEMA)


@pytest.mark.parametrize("network", ["198.51.100.0/33", "256.1.1.1", "1.2.3", "10.0.0.0/8 "])
def test_what_is_no_network_is_refused(network: str) -> None:
    document = changed(clusters__orders__auto_approve=[{**WRITTEN, "sources": [network]}])

    assert not parses(document)
    assert not accepts(document)


@given(st.text(alphabet="0123456789wdhmsWDHMS ", max_size=12))
@example("0s")
@example("00h00m")
@example("1h 30m")
@example("1m1h")
@example(" 1W ")
@example("1234567s")
def test_a_duration_is_accepted_if_it_is_one(text: str) -> None:
    try:
        Scheduler.model_validate({"tick": text})
    except ValidationError:
        assert not DURATION.is_valid(text)
    else:
        assert DURATION.is_valid(text)


@pytest.mark.parametrize(
    "model", [Policy, ClusterPolicy, AutoApproval, Emergency, Issuer, Scheduler]
)
def test_every_key_is_described_in_a_sentence(model: type[Any]) -> None:
    for name, field in model.model_fields.items():
        assert field.description, name
        assert field.description.endswith("."), name


def test_the_defaults_are_those_that_hold_and_read_as_they_are_typed() -> None:
    shown = policy_schema()["$defs"]["ClusterPolicy"]["properties"]
    defaults = {name: one["default"] for name, one in shown.items() if "default" in one}
    cluster = parse_policy(DOCUMENT).cluster("orders")

    written = parse_policy(changed(clusters={"orders": {"id": ORDERS, **defaults}}))

    assert written.cluster("orders") == cluster
    assert defaults["max_duration"] == "8h"


def test_defaults_take_all_that_a_cluster_takes_but_what_is_its_own() -> None:
    definitions = policy_schema()["$defs"]

    in_a_cluster = set(definitions["ClusterPolicy"]["properties"])
    assert set(definitions["Defaults"]["properties"]) == in_a_cluster - {"id", "sessions"}
    assert "required" not in definitions["Defaults"]
