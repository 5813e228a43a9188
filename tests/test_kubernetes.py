"""The manifests for Kubernetes: what they name is there, and nothing has more than it needs."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import typer.main
import yaml

from bot.cli import app
from bot.config import Settings

FOLDER = Path(__file__).parents[1] / "docs" / "running" / "kubernetes"
FILES = sorted(FOLDER.glob("*.yaml"))
COMMANDS: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]


def manifests() -> Iterator[dict[str, Any]]:
    for file in FILES:
        yield from yaml.safe_load_all(file.read_text())


def pods() -> dict[str, dict[str, Any]]:
    """What runs, by its name."""
    return {
        one["metadata"]["name"]: one["spec"]["template"]["spec"]
        for one in manifests()
        if one["kind"] in ("Deployment", "Job")
    }


def environment() -> dict[str, str]:
    """What all processes have in common."""
    [one] = [one for one in manifests() if one["metadata"]["name"] == "dbaccess-env"]
    return dict(one["data"])


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_kubernetes_would_take_it(file: Path) -> None:
    for manifest in yaml.safe_load_all(file.read_text()):
        kubernetes_validate.validate(manifest, "1.31", strict=True)


@pytest.mark.parametrize("pod", pods().values(), ids=pods())
def test_what_runs_may_write_nothing_and_be_nobody_else(pod: dict[str, Any]) -> None:
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    [container] = pod["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    writable = [one["mountPath"] for one in container["volumeMounts"] if not one.get("readOnly")]
    assert writable == ["/tmp"]  # noqa: S108  # a volume of the pod's own
    assert container["resources"]["limits"]["memory"]


def test_it_runs_as_the_user_of_the_image() -> None:
    dockerfile = (FOLDER.parents[2] / "Dockerfile").read_text()
    for pod in pods().values():
        user = pod["securityContext"]["runAsUser"]
        assert f"USER {user}:{pod['securityContext']['runAsGroup']}" in dockerfile


def test_each_runs_its_own_part_of_the_same_image() -> None:
    runs = {name: pod["containers"][0] for name, pod in pods().items()}
    for name, container in runs.items():
        assert container["args"] == ["python", "-m", "bot", name]
        assert name in COMMANDS
    assert len({container["image"] for container in runs.values()}) == 1


def test_each_variable_is_one_that_is_read() -> None:
    own = [one["name"] for pod in pods().values() for one in pod["containers"][0].get("env", [])]
    known = {field.upper() for field in Settings.model_fields}
    assert {name.removesuffix("_FILE") for name in (*environment(), *own)} <= known


def test_no_secret_stands_in_the_environment() -> None:
    files = {name: value for name, value in environment().items() if name.endswith("_FILE")}
    for name, file in files.items():
        assert file == f"/run/secrets/dbaccess/{name.removesuffix('_FILE')}"
    page = (FOLDER.parent / "kubernetes.md").read_text()
    assert all(f"`{name.removesuffix('_FILE')}`" in page for name in files)
    assert {"SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "DIGITALOCEAN_TOKEN", "DATABASE_URL"} <= {
        name.removesuffix("_FILE") for name in files
    }


def test_the_directory_of_the_policy_is_mounted_and_not_the_file() -> None:
    for pod in pods().values():
        [container] = pod["containers"]
        assert not any("subPath" in one for one in container["volumeMounts"])
    assert environment()["DBACCESS_CONFIG"] == "/etc/dbaccess/dbaccess.toml"


def test_a_pod_has_time_to_drain() -> None:
    seconds = int(environment()["DBACCESS_DRAIN_SECONDS"])
    assert pods()["web"]["terminationGracePeriodSeconds"] > seconds + 10


def test_probes_ask_what_a_missing_database_does_not_change() -> None:
    for name in ("web", "worker"):
        [container] = pods()[name]["containers"]
        ports = {port["name"] for port in container["ports"]}
        probes = [container[key] for key in container if key.endswith("Probe")]
        assert len(probes) >= 2
        for probe in probes:
            assert probe["httpGet"]["path"] == "/healthz"
            assert probe["httpGet"]["port"] in ports


def test_outside_only_slack_browsers_and_machines_get_in() -> None:
    [ingress] = [one for one in manifests() if one["kind"] == "Ingress"]
    [rule] = ingress["spec"]["rules"]
    assert [path["path"] for path in rule["http"]["paths"]] == ["/slack/events", "/ip", "/v1"]


def test_inside_the_cluster_nobody_else_reads_the_metrics() -> None:
    policies = [one["spec"] for one in manifests() if one["kind"] == "NetworkPolicy"]
    selected = [one["podSelector"]["matchLabels"] for one in policies]
    running = [one for one in manifests() if one["kind"] == "Deployment"]
    assert selected == [one["spec"]["selector"]["matchLabels"] for one in running]
    for policy, deployment in zip(policies, running, strict=True):
        assert policy["policyTypes"] == ["Ingress"]
        [container] = deployment["spec"]["template"]["spec"]["containers"]
        [rule] = policy["ingress"]
        assert rule["from"]
        assert rule["ports"] == [{"port": port["name"]} for port in container["ports"]]


def test_one_of_each_stays_while_nodes_are_drained() -> None:
    budgets = [one for one in manifests() if one["kind"] == "PodDisruptionBudget"]
    assert {one["metadata"]["name"] for one in budgets} == {"web", "worker"}
    for one in manifests():
        if one["kind"] == "Deployment":
            selector = one["spec"]["selector"]
            [budget] = [b for b in budgets if b["spec"]["selector"] == selector]
            assert budget["spec"]["minAvailable"] < one["spec"]["replicas"]
