"""The page about machines: its policy is taken, and its jobs run as they stand."""

import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.machines.issuer import OidcIssuer, serving
from tests.network_path import in_front_of
from tests.scenarios.open_world import OpenWorld
from tests.scenarios.world import IP, ORDERS, policy
from tests.storage import Storage

PAGE = (Path(__file__).parents[2] / "docs" / "machines.md").read_text()
TRUSTED = f"ip_addr:{IP}"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


[POLICY] = blocks("toml")
GITHUB, GITLAB = (yaml.safe_load(block) for block in blocks("yaml"))
STEPS = {step["name"]: step["run"] for step in GITHUB["jobs"]["report"]["steps"]}
GITLAB_SUB = "project_path:acme/shop:ref_type:branch:ref:main"


@pytest.fixture
def github() -> Iterator[OidcIssuer]:
    with serving(OidcIssuer()) as issuer:
        yield issuer


@pytest.fixture
def gitlab() -> Iterator[OidcIssuer]:
    with serving(OidcIssuer()) as issuer:
        yield issuer


@pytest.fixture
def world(storage: Storage, github: OidcIssuer, gitlab: OidcIssuer) -> Iterator[OpenWorld]:
    """A world with the page's policy, but for where the issuers are."""
    written = tomllib.loads(
        POLICY.replace("https://token.actions.githubusercontent.com", github.url).replace(
            "https://gitlab.com", gitlab.url
        )
    )
    orders = {"id": ORDERS, **written["clusters"]["orders"]}
    with OpenWorld(storage, policy({"orders": orders}) | {"machines": written["machines"]}) as made:
        for issuer in (github, gitlab):
            issuer.now = int(made.clock.now().timestamp())
        yield made
        assert made.slack.problems == []


@pytest.fixture
def url(world: OpenWorld) -> Iterator[str]:
    """Where jobs reach it: at a proxy, which says that they come from `IP`."""
    assert world.service.url
    with in_front_of(world.service.url, adding={"X-Forwarded-For": IP}) as proxy:
        yield proxy


def runs(script: str, *shell: str, folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run the lines of a step as the CI does, in an environment with nothing else in it."""
    return subprocess.run(
        [*shell, "-c", script],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "NO_PROXY": "*", **env},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


class GitHubJob:
    """A run at GitHub: what a step writes into its environment, the next one has."""

    def __init__(self, folder: Path, issuer: OidcIssuer, url: str) -> None:
        self._folder = folder
        self._file = folder / "env"
        self._file.touch()
        self._env = {
            **GITHUB["env"],
            "DBACCESS": url,
            "GITHUB_ENV": str(self._file),
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": issuer.mint_secret,
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{issuer.url}/mint?api-version=2.0",
        }

    def step(self, name: str) -> subprocess.CompletedProcess[str]:
        written = dict(line.split("=", 1) for line in self._file.read_text().splitlines())
        shell = ("bash", "--noprofile", "--norc", "-eo", "pipefail")  # as `shell: bash` says
        return runs(STEPS[name], *shell, folder=self._folder, **self._env, **written)


def test_the_steps_for_github_open_and_end_access(
    world: OpenWorld, url: str, github: OidcIssuer, tmp_path: Path
) -> None:
    assert GITHUB["defaults"]["run"]["shell"] == "bash"
    assert GITHUB["permissions"]["id-token"] == "write"
    job = GitHubJob(tmp_path, github, url)
    with world.at_work():
        opened = job.step("Open access")
        assert opened.returncode == 0, opened.stdout + opened.stderr
        assert '"state":"active"' in opened.stdout.splitlines()[-1]
        assert TRUSTED in world.sources()

        ended = job.step("End access")
        assert ended.returncode == 0, ended.stdout + ended.stderr
        world.eventually(lambda: TRUSTED not in world.sources())
    assert world.request().reason == "nightly report"
    assert world.grant().requester == "github:repo:acme/shop:ref:refs/heads/main"


def test_a_step_for_github_that_is_refused_says_why_and_fails(
    world: OpenWorld, url: str, github: OidcIssuer, tmp_path: Path
) -> None:
    github.subject = "repo:acme/shop:pull_request"
    refused = GitHubJob(tmp_path, github, url).step("Open access")

    assert refused.returncode != 0
    assert "No written policy gives" in refused.stdout
    assert world.grants() == []


def test_the_job_for_gitlab_opens_and_ends_access(
    world: OpenWorld, url: str, gitlab: OidcIssuer, tmp_path: Path
) -> None:
    job: dict[str, Any] = GITLAB["report"]
    assert job["id_tokens"] == {"DBACCESS_TOKEN": {"aud": "dbaccess"}}
    [opening, using], [ending] = job["script"], job["after_script"]
    assert using.startswith("psql ")
    env = {"DBACCESS": url, "DBACCESS_TOKEN": gitlab.token(sub=GITLAB_SUB)}

    with world.at_work():
        opened = runs(opening, "sh", "-e", folder=tmp_path, **env)
        assert opened.returncode == 0, opened.stdout + opened.stderr
        assert TRUSTED in world.sources()

        ended = runs(ending, "sh", "-e", folder=tmp_path, **env)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        world.eventually(lambda: TRUSTED not in world.sources())
    assert world.grant().requester == f"gitlab:{GITLAB_SUB}"


def test_a_job_for_gitlab_that_opened_nothing_has_nothing_to_end(tmp_path: Path) -> None:
    [ending] = GITLAB["report"]["after_script"]
    assert runs(ending, "sh", "-e", folder=tmp_path).returncode == 0
