"""What people read about a job: cleaned, short, and with an address only where that is certain."""

from typing import Any

import pytest

from bot.machines.job_details import details_of

GITHUB = "https://token.actions.githubusercontent.com"
RUN: dict[str, Any] = {
    "repository": "acme/shop",
    "repository_owner": "acme",
    "workflow": "nightly report",
    "ref": "refs/heads/main",
    "actor": "octocat",
    "run_id": "1234567",
    "sha": "0" * 40,
}
JOB: dict[str, Any] = {
    "project_path": "acme/infra/shop",
    "ref": "main",
    "ref_type": "branch",
    "environment": "production",
    "user_login": "sidney",
    "user_email": "sidney@acme.example",
    "pipeline_id": "98",
    "job_id": 765,
}


def test_a_job_of_github() -> None:
    assert details_of(GITHUB, RUN) == {
        "repository": "acme/shop",
        "workflow": "nightly report",
        "ref": "refs/heads/main",
        "actor": "octocat",
        "run_url": "https://github.com/acme/shop/actions/runs/1234567",
    }


def test_a_job_of_gitlab() -> None:
    assert details_of("https://gitlab.com", JOB) == {
        "project": "acme/infra/shop",
        "ref": "main",
        "environment": "production",
        "user": "sidney",
        "pipeline_url": "https://gitlab.com/acme/infra/shop/-/pipelines/98",
        "job_url": "https://gitlab.com/acme/infra/shop/-/jobs/765",
    }


@pytest.mark.parametrize(
    ("issuer", "server"),
    [
        (f"{GITHUB}/acme", "https://github.com"),
        ("https://token.actions.acme.ghe.com", "https://acme.ghe.com"),
        ("https://github.acme.example/_services/token", "https://github.acme.example"),
    ],
)
def test_a_run_is_on_the_server_that_its_issuer_is_for(issuer: str, server: str) -> None:
    assert details_of(issuer, RUN)["run_url"] == f"{server}/acme/shop/actions/runs/1234567"


@pytest.mark.parametrize(
    ("issuer", "changes"),
    [
        ("https://issuer.example", {}),
        ("https://token.actions.githubusercontent.com.evil.example", {}),
        ("https://token.actions.githubusercontent.comx", {}),
        (GITHUB, {"repository": "acme/shop?x=1"}),
        (GITHUB, {"repository": "acme/../evil"}),
        (GITHUB, {"repository": None}),
        (GITHUB, {"run_id": "1|evil"}),
        (GITHUB, {"run_id": {"a": 1}}),
    ],
)
def test_p4_nobody_is_led_elsewhere(issuer: str, changes: dict[str, Any]) -> None:
    assert "run_url" not in details_of(issuer, RUN | changes)


def test_what_somebody_typed_is_one_short_line() -> None:
    said = details_of(GITHUB, RUN | {"workflow": "a\n\u202eb\x00" + "c" * 900, "actor": "\u200b"})
    assert said["workflow"].startswith("a b c")
    assert len(said["workflow"]) == 200
    assert "actor" not in said


def test_of_other_issuers_nothing_is_guessed() -> None:
    assert details_of("https://kubernetes.example", {"sub": "system:serviceaccount:ci:x"}) == {}
