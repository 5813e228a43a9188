"""A newcomer's empty folder between the sandboxes, with the scopes of the manifest and no more."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import typer
import yaml

from bot.cli.init.command import init
from bot.config import Settings
from dbaccess_playground.digitalocean.sandbox import SandboxDigitalOcean
from dbaccess_playground.slack.sandbox import SandboxSlack
from tests.cli.init.scripted_terminal import ScriptedTerminal

ROOT = Path(__file__).parents[3]
MANIFEST_SCOPES = set(
    yaml.safe_load((ROOT / "manifest.yml").read_text())["oauth_config"]["scopes"]["bot"]
)
ORDERS = "9cc10173-e9ea-4176-9dbc-a4cee4c4ff30"
ANALYTICS = "1b2f7a90-6f0c-4f3a-9a53-0f6d5c1f9f11"
PEOPLE = {"U0RITA": "rita", "U0ALICE": "alice", "U0BOB": "bob", "U0CAROL": "carol"}
CHANNELS = {"C0GENERAL": "general", "C0APPROVALS": "db-approvals", "C0OPS": "db-ops"}
ANSWERS = """
connection = "socket"
clusters = ["orders"]
channel = "#db-approvals"
operators = "#db-ops"
may_post = true
approvers = ["@alice", "@db-admins"]
requesters = "everyone"
approvals = 2
max_duration = "2h"
"""


class Newcomer:
    """Somebody with a workspace, an account, and an empty folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.terminal = ScriptedTerminal({})
        self.slack = SandboxSlack(
            bot_token="xoxb-1000-2000-sandbox", app_token="xapp-1-A0DBACCESS-3000-sandbox"
        )
        self.slack.scopes.intersection_update(MANIFEST_SCOPES)
        self.digitalocean = SandboxDigitalOcean()
        for user, name in PEOPLE.items():
            self.slack.add_user(user, name)
        self.slack.add_group("S0DBADMINS", "db-admins", ["U0ALICE", "U0BOB"])
        for channel, name in CHANNELS.items():
            self.slack.add_channel(channel, name)
        office = {"type": "ip_addr", "value": "198.51.100.7"}
        self.digitalocean.add_cluster("orders", cluster_id=ORDERS, rules=[office])
        self.digitalocean.add_cluster("analytics", cluster_id=ANALYTICS, engine="mysql")

    @property
    def secrets(self) -> dict[str, str]:
        """The secrets by their variables."""
        return {
            "SLACK_BOT_TOKEN": self.slack.bot_token,
            "SLACK_SIGNING_SECRET": self.slack.signing_secret,
            "SLACK_APP_TOKEN": self.slack.app_token,
            "DIGITALOCEAN_TOKEN": self.digitalocean.token,
        }

    @property
    def endpoints(self) -> dict[str, str]:
        """Where the sandboxes are, by their variables."""
        return {
            "SLACK_API_URL": self.slack.api_url,
            "DIGITALOCEAN_API_URL": self.digitalocean.url,
        }

    @property
    def env_file(self) -> Path:
        return self.folder / ".env"

    @property
    def policy_file(self) -> Path:
        return self.folder / "dbaccess.toml"

    @property
    def kept_file(self) -> Path:
        return self.folder / ".env.init"

    def files(self) -> set[str]:
        """The names of all files in the folder."""
        return {file.name for file in self.folder.iterdir()}

    def replies(self, **instead: Sequence[str]) -> dict[str, list[str]]:
        """What to type at each question, the questions by what stands in them."""
        usual: dict[str, Sequence[str]] = {
            "or your address": "socket",
            "Bot User OAuth Token": self.slack.bot_token,
            "Signing Secret": self.slack.signing_secret,
            "App-Level Token": self.slack.app_token,
            "API token": self.digitalocean.token,
            "Which of these": "orders",
            "What people call": "",
            "decided": "#db-approvals",
            "Post it?": ["y", "y"],
            "alarms": "#db-ops",
            "Approvers": "@alice, @db-admins",
            "must agree": "2",
            "Longest": "2h",
            "Who may request": "",
            "Write this": "y",
            "Change step": "none",
            "Test it now": "n",
        }
        both = {**usual, **instead}
        return {
            key: [reply] if isinstance(reply, str) else list(reply) for key, reply in both.items()
        }

    def sits_down(self, **instead: Sequence[str]) -> ScriptedTerminal:
        """Answer every question as usual but those; return the terminal with what it showed."""
        self.terminal = ScriptedTerminal(self.replies(**instead))
        init(None, terminal=self.terminal)
        return self.terminal

    def stops(self, **instead: Sequence[str]) -> ScriptedTerminal:
        """The same, where it ends with an error."""
        with pytest.raises(typer.Exit) as stopped:
            self.sits_down(**instead)
        assert stopped.value.exit_code == 1
        return self.terminal

    def no_secret_in(self, shown: str) -> bool:
        """Whether none of the secrets stands in there."""
        return not any(secret in shown for secret in self.secrets.values())

    def comments(self) -> dict[str, str]:
        """The comments of `dbaccess.toml` by the IDs in front of them."""
        found: Iterator[re.Match[str]] = re.finditer(
            r'"([UCS]0[A-Z0-9]+)".*?# (.*)', self.policy_file.read_text()
        )
        return {match[1]: match[2] for match in found}


VARIABLES = [name.upper() for name in Settings.model_fields]
