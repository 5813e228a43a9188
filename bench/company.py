"""A company with as many clusters as are asked for: its policy, its sandboxes, its settings."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

from pydantic import SecretStr

from bot.config import Settings, parse_policy
from bot.domain.policy import Policy
from dbaccess_playground.demo.company import ALICE, APPROVALS, GENERAL, OPERATIONS, RITA
from dbaccess_playground.digitalocean.sandbox import SandboxDigitalOcean
from dbaccess_playground.slack.sandbox import SandboxSlack

INSTANCE = "bench"
OFFICE = {"type": "ip_addr", "value": "198.51.100.7", "description": "office"}


def cluster_id(number: int) -> str:
    """Return the id of a cluster, counted from 1."""
    return str(UUID(int=number))


def alias(number: int) -> str:
    """Return the name of a cluster, counted from 1."""
    return f"cluster-{number}"


def written_policy(clusters: int, **scheduler: Any) -> dict[str, Any]:
    """Return what `dbaccess.toml` says."""
    return {
        "instance": INSTANCE,
        "operators": OPERATIONS,
        "defaults": {
            "channel": APPROVALS,
            "approvers": [ALICE],
            "min_duration": "1s",
            "max_duration": "30d",
            "warn_before": "10m",
            "max_open_requests": 100_000,
            "max_live_grants": 100_000,
        },
        "clusters": {alias(n): {"id": cluster_id(n)} for n in range(1, clusters + 1)},
        "scheduler": scheduler,
    }


def policy(clusters: int, **scheduler: Any) -> Policy:
    """Return it, read."""
    return parse_policy(written_policy(clusters, **scheduler))


def as_toml(written: Mapping[str, Any]) -> str:
    """Return a policy as the text of `dbaccess.toml`."""
    plain = [f"{key} = {_value(value)}" for key, value in written.items() if not _is_table(value)]
    tables = [(key, value) for key, value in written.items() if _is_table(value)]
    return "\n".join([*plain, *(line for key, table in tables for line in _table(key, table))])


def sandbox_slack() -> SandboxSlack:
    """Return a Slack with two people and the company's channels."""
    slack = SandboxSlack()
    slack.ack_seconds = 30  # slow answers are to be measured, not cut off
    for user in (RITA, ALICE):
        slack.add_user(user, user[2:].lower())
    for channel in (GENERAL, APPROVALS, OPERATIONS):
        slack.add_channel(channel, channel[2:].lower())
    return slack


def sandbox_digitalocean(clusters: int, **more: Any) -> SandboxDigitalOcean:
    """Return a DigitalOcean with that many clusters, each of which trusts the office."""
    digitalocean = SandboxDigitalOcean(**more)
    for number in range(1, clusters + 1):
        digitalocean.add_cluster(alias(number), cluster_id=cluster_id(number), rules=[OFFICE])
    return digitalocean


def settings(slack: SandboxSlack, digitalocean: SandboxDigitalOcean, database_url: str) -> Settings:
    """Return the environment of a bot between the two, in this process."""
    return Settings(
        _env_file=None,  # type: ignore[call-arg]  # pydantic-settings takes it
        slack_bot_token=SecretStr(slack.bot_token),
        slack_signing_secret=SecretStr(slack.signing_secret),
        slack_api_url=slack.api_url,
        digitalocean_token=SecretStr(digitalocean.token),
        digitalocean_api_url=digitalocean.url,
        database_url=database_url,
        port=0,
    )


def environment(
    slack: SandboxSlack, digitalocean: SandboxDigitalOcean, database_url: str
) -> dict[str, str]:
    """Return the same for a process of its own."""
    return {
        "SLACK_BOT_TOKEN": slack.bot_token,
        "SLACK_SIGNING_SECRET": slack.signing_secret,
        "SLACK_API_URL": slack.api_url,
        "DIGITALOCEAN_TOKEN": digitalocean.token,
        "DIGITALOCEAN_API_URL": digitalocean.url,
        "DATABASE_URL": database_url,
        "LOG_FORMAT": "json",
        "PORT": "0",
    }


def sqlite_url(folder: Path) -> str:
    """Return where a SQLite database is kept."""
    return f"sqlite:///{folder / 'dbaccess.db'}"


def _is_table(value: object) -> bool:
    return isinstance(value, dict)


def _value(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_value(one) for one in value)}]"
    return str(value) if isinstance(value, int) else f'"{value}"'


def _table(name: str, table: Mapping[str, Any]) -> list[str]:
    lines = [f"[{name}]"]
    lines += [f"{key} = {_value(value)}" for key, value in table.items() if not _is_table(value)]
    for key, value in table.items():
        if _is_table(value):
            lines += _table(f"{name}.{key}", value)
    return lines
