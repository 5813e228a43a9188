"""What a token says about its job, for people to read: nothing is decided by it."""

import re
from collections.abc import Mapping
from typing import Any

from bot.domain.typed_text import one_line

_LONGEST = 200  # characters
_PATH = re.compile(r"(?!.*\.\.)[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)+")
_NUMBER = re.compile(r"[0-9]{1,20}")
_GITHUB = {
    "repository": "repository",
    "workflow": "workflow",
    "ref": "ref",
    "environment": "environment",
    "actor": "actor",
}
_GITLAB = {
    "project_path": "project",
    "ref": "ref",
    "environment": "environment",
    "user_login": "user",
}
_GITHUB_HOST = re.compile(
    r"https://token\.actions\.(?:githubusercontent|([a-z0-9-]+\.ghe))\.com(?:/.*)?"
)
_ON_A_SERVER_OF_ONES_OWN = "/_services/token"


def details_of(issuer: str, claims: Mapping[str, Any]) -> dict[str, str]:
    """Return what of the claims people should see, each on one line, and where to see the run.

    Args:
        issuer: its URL.
        claims: those of a token that was verified. Some of them are what somebody typed, such as
            a branch's name.
    """
    if "run_id" in claims:
        return _chosen(claims, _GITHUB) | _run_at_github(issuer, claims)
    if "project_path" in claims:
        return _chosen(claims, _GITLAB) | _job_at_gitlab(issuer, claims)
    return {}


def _chosen(claims: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, str]:
    said = {
        name: one_line(str(claims[key]))[:_LONGEST]
        for key, name in names.items()
        if claims.get(key)
    }
    return {name: text for name, text in said.items() if text}


def _run_at_github(issuer: str, claims: Mapping[str, Any]) -> dict[str, str]:
    repository, run = str(claims.get("repository")), str(claims["run_id"])
    host = _github_of(issuer)
    if not (host and _PATH.fullmatch(repository) and _NUMBER.fullmatch(run)):
        return {}
    return {"run_url": f"{host}/{repository}/actions/runs/{run}"}


def _github_of(issuer: str) -> str:
    """Return the server whose Actions an issuer is for; empty if it is none of GitHub's."""
    if known := _GITHUB_HOST.fullmatch(issuer):
        return f"https://{known[1] or 'github'}.com"
    if issuer.endswith(_ON_A_SERVER_OF_ONES_OWN):
        return issuer.removesuffix(_ON_A_SERVER_OF_ONES_OWN)
    return ""


def _job_at_gitlab(issuer: str, claims: Mapping[str, Any]) -> dict[str, str]:
    project = str(claims["project_path"])
    if not _PATH.fullmatch(project):
        return {}
    places = {"pipeline_url": ("pipelines", "pipeline_id"), "job_url": ("jobs", "job_id")}
    return {
        name: f"{issuer.rstrip('/')}/{project}/-/{place}/{claims[key]}"
        for name, (place, key) in places.items()
        if _NUMBER.fullmatch(str(claims.get(key)))
    }
