"""A small believable company to play with: its people, channels, clusters and policy."""

from pathlib import Path

from pydantic import SecretStr

from bot.config import Settings, parse_policy
from bot.domain.policy import Policy
from bot.sandbox.digitalocean import SandboxDigitalOcean
from bot.sandbox.slack import SandboxSlack

RITA, ALICE, BOB, OSCAR = "U0RITA", "U0ALICE", "U0BOB", "U0OSCAR"
GENERAL, APPROVALS, OPERATIONS = "C0GENERAL", "C0APPROVALS", "C0OPS"
ORDERS = "9cc10173-e9ea-4176-9dbc-a4cee4c4ff30"
ANALYTICS = "1b2f7a90-6f0c-4f3a-9a53-0f6d5c1f9f11"
PEOPLE = {RITA: "rita", ALICE: "alice", BOB: "bob", OSCAR: "oscar"}
CHANNELS = {GENERAL: "general", APPROVALS: "db-approvals", OPERATIONS: "ops"}
CLUSTERS = {ORDERS: "orders", ANALYTICS: "analytics"}


def people_slack(slack: SandboxSlack) -> None:
    """Let the company's people and channels in."""
    for user_id, name in PEOPLE.items():
        slack.add_user(user_id, name)
    for channel_id, name in CHANNELS.items():
        slack.add_channel(channel_id, name)


def fill_digitalocean(digitalocean: SandboxDigitalOcean) -> None:
    """Set up the company's clusters, with the rules that were there before dbaccess."""
    office = {"type": "ip_addr", "value": "198.51.100.7", "description": "office"}
    backend = {"type": "tag", "value": "backend", "description": "the shop's servers"}
    digitalocean.add_cluster("orders", cluster_id=ORDERS, rules=[office, backend])
    digitalocean.add_cluster("analytics", cluster_id=ANALYTICS, rules=[office])


def policy() -> Policy:
    """Return who may do what in this company."""
    return parse_policy(
        {
            "instance": "demo",
            "operators": OPERATIONS,
            "defaults": {"channel": APPROVALS, "approvers": [ALICE, BOB]},
            "clusters": {
                "orders": {"id": ORDERS, "max_duration": "2h"},
                "analytics": {"id": ANALYTICS},
            },
        }
    )


def settings(folder: Path, slack: SandboxSlack, digitalocean: SandboxDigitalOcean) -> Settings:
    """Return the environment of a bot that lives between the two sandboxes."""
    return Settings(
        _env_file=None,  # type: ignore[call-arg]  # pydantic-settings takes it
        slack_bot_token=SecretStr(slack.bot_token),
        slack_signing_secret=SecretStr(slack.signing_secret),
        slack_api_url=slack.api_url,
        digitalocean_token=SecretStr(digitalocean.token),
        digitalocean_api_url=digitalocean.url,
        database_url=f"sqlite:///{folder / 'dbaccess.db'}",
        port=0,
    )
