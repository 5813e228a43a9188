"""The demo's company: its people, channels, clusters and policy."""

from pathlib import Path

from pydantic import SecretStr
from tzlocal import get_localzone_name

from bot.config import Settings, parse_policy
from bot.domain.policy import Policy
from dbaccess_playground.digitalocean.sandbox import SandboxDigitalOcean
from dbaccess_playground.slack.sandbox import SandboxSlack

RITA, ALICE, BOB, CAROL = "U0RITA", "U0ALICE", "U0BOB", "U0CAROL"
OSCAR, GITA = "U0OSCAR", "U0GITA"
GENERAL, APPROVALS, OPERATIONS = "C0GENERAL", "C0APPROVALS", "C0OPS"
ORDERS = "9cc10173-e9ea-4176-9dbc-a4cee4c4ff30"
ANALYTICS = "1b2f7a90-6f0c-4f3a-9a53-0f6d5c1f9f11"
PEOPLE = {
    RITA: "rita",
    ALICE: "alice",
    BOB: "bob",
    CAROL: "carol",
    OSCAR: "oscar",
    GITA: "gita",
}
CHANNELS = {GENERAL: "general", APPROVALS: "db-approvals", OPERATIONS: "ops"}
CLUSTERS = {ORDERS: "orders", ANALYTICS: "analytics"}
DROPLETS = {
    418230517: "shop-web-1",
    418230542: "shop-web-2",
    423907118: "nightly-jobs",
    431155026: "report-builder",
}
TAGS = ("backend", "reporting", "staging")
KUBERNETES = "ff2a6c52-5a44-4b63-b99c-0e98e7a63d61"
APP = "4f6c71e2-1e90-4762-9fee-6cc4a0a9f2cf"
INSTANCE = "demo"
_PARTNER_TEAM = "T0PARTNER"


def add_people(slack: SandboxSlack) -> None:
    """Add the company's people and channels. All live in the time zone of this machine.

    Oscar is from a partner's organisation, by a shared channel; Gita is a guest.
    """
    zone = get_localzone_name()
    for user_id, name in PEOPLE.items():
        team_id = _PARTNER_TEAM if user_id == OSCAR else None
        slack.add_user(user_id, name, team_id=team_id, is_restricted=user_id == GITA, tz=zone)
    for channel_id, name in CHANNELS.items():
        staff = [one for one in PEOPLE if one not in (OSCAR, GITA)]
        slack.add_channel(channel_id, name, members=staff if channel_id == OPERATIONS else None)


def add_clusters(digitalocean: SandboxDigitalOcean) -> None:
    """Add the company's clusters, with their rules from before dbaccess, and other resources.

    Droplets, tags etc. can be trusted sources, too.
    """
    office = {"type": "ip_addr", "value": "198.51.100.7", "description": "office"}
    backend = {"type": "tag", "value": "backend", "description": "the shop's servers"}
    reports = {"type": "ip_addr", "value": "198.51.100.32/28", "description": "report builders"}
    digitalocean.add_cluster("orders", cluster_id=ORDERS, engine="pg", rules=[office, backend])
    digitalocean.add_cluster(
        "analytics", cluster_id=ANALYTICS, engine="mysql", rules=[office, reports]
    )
    for droplet_id, name in DROPLETS.items():
        digitalocean.add_droplet(name, droplet_id)
    for tag in TAGS:
        digitalocean.add_tag(tag)
    digitalocean.add_kubernetes_cluster("shop-production", KUBERNETES)
    digitalocean.add_app("invoice-portal", APP)


def policy(*, orders_approvals: int = 1) -> Policy:
    """Return the company's policy.

    `analytics` needs one approval, or none for Rita from the office for up to an hour. She has
    emergency access to `orders`. `analytics` takes other sources than addresses, too.

    Args:
        orders_approvals: how many different people have to approve access to `orders`.
    """
    return parse_policy(
        {
            "instance": INSTANCE,
            "operators": OPERATIONS,
            "defaults": {"channel": APPROVALS, "approvers": [ALICE, BOB, CAROL]},
            "clusters": {
                "orders": {
                    "id": ORDERS,
                    "max_duration": "4h",
                    "approvals": orders_approvals,
                    "emergency": {"requesters": [RITA], "max_duration": "30m"},
                },
                "analytics": {
                    "id": ANALYTICS,
                    "max_duration": "2d",
                    "source_types": ["ip_addr", "droplet", "k8s", "tag", "app"],
                    "auto_approve": [
                        {
                            "requesters": [RITA],
                            "sources": ["198.51.100.0/24"],
                            "max_duration": "1h",
                        }
                    ],
                },
            },
        }
    )


def add_small_talk(slack: SandboxSlack) -> None:
    """Add a few messages from before the bot."""
    slack.say(ALICE, GENERAL, "Good morning! The nightly job on orders failed again.")
    slack.say(RITA, GENERAL, "On it. I need to look into the database for an hour or two.")
    slack.say(BOB, GENERAL, "Ask `/dbaccess`, it opens the firewall for you and closes it again.")


def settings(
    folder: Path,
    slack: SandboxSlack,
    digitalocean: SandboxDigitalOcean,
    *,
    public_url: str | None = None,
) -> Settings:
    """Return the settings of a bot between the two sandboxes.

    *public_url* is that of the reverse proxy, if there is one.
    """
    return Settings(
        _env_file=None,  # type: ignore[call-arg]  # pydantic-settings takes it
        slack_bot_token=SecretStr(slack.bot_token),
        slack_signing_secret=SecretStr(slack.signing_secret),
        slack_api_url=slack.api_url,
        digitalocean_token=SecretStr(digitalocean.token),
        digitalocean_api_url=digitalocean.url,
        database_url=f"sqlite:///{folder / 'dbaccess.db'}",
        dbaccess_public_url=public_url,
        dbaccess_trusted_proxies=1 if public_url else 0,
        port=0,
    )
