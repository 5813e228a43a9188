"""Practice for `dbaccess init`: a workspace and an account into which nothing is installed yet."""

import secrets
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from dbaccess_playground.demo import company
from dbaccess_playground.demo.company import ALICE, APPROVALS, BOB, GENERAL, RITA
from dbaccess_playground.demo.stage import COMMAND, SHORTCUTS
from dbaccess_playground.demo.stopping import stop_on_signals
from dbaccess_playground.digitalocean.sandbox import SandboxDigitalOcean
from dbaccess_playground.slack.sandbox import SandboxSlack
from dbaccess_playground.web.playground import Playground
from dbaccess_playground.web.setting import Role, Setting, Step

SCOPES = frozenset({"chat:write", "commands", "usergroups:read", "users:read"})  # the manifest's
ADMINS = "S0DBADMINS"
_ADDRESS = "203.0.113.4"
# An empty folder has none of its own.
_DBACCESS = shlex.quote(str(Path(sys.executable).with_name("dbaccess")))
_STEPS = (
    Step("Type `dbaccess init` and `dbaccess serve`", "Open #db-approvals", ALICE, APPROVALS),
    Step(
        "Request access as Rita",
        "Be Rita, with the command typed",
        RITA,
        GENERAL,
        f"/dbaccess request {_ADDRESS} 2h orders fixing the nightly job",
    ),
    Step(
        "Approve it as Alice, and as Bob if it needs two",
        "Be Alice, in #db-approvals",
        ALICE,
        APPROVALS,
    ),
)


@dataclass(frozen=True)
class Practice:
    """Both sandboxes, and the page that shows them."""

    slack: SandboxSlack
    digitalocean: SandboxDigitalOcean
    page: Playground

    def handout(self) -> str:
        """Return what there is to type and to paste."""
        return f"""\
Slack and DigitalOcean are played here: {self.page.url}  (stop with Ctrl-C)

In another terminal, in an empty folder:
  export SLACK_API_URL={self.slack.api_url} DIGITALOCEAN_API_URL={self.digitalocean.url}
  {_DBACCESS} init

The app of the link is created and installed here already. Its tokens, to paste:
  Bot User OAuth Token   {self.slack.bot_token}
  Signing Secret         {self.slack.signing_secret}
  App-Level Token        {self.slack.app_token}
  API token              {self.digitalocean.token}
Channels: #db-approvals, #ops. People: @alice, @bob, @carol, @rita. A group: @db-admins.

Then type `{_DBACCESS} serve`, and request access on the page."""

    def steps_done(self) -> Sequence[bool]:
        """Return which steps have been done."""
        return (
            self.slack.socket.connected,
            any(one.blocks for one in self.slack.messages(APPROVALS)),
            f"ip_addr:{_ADDRESS}" in self.digitalocean.sources(company.ORDERS),
        )


class _RealTime:
    """The real time: the bot is somebody else's process, whose clock nobody here can speed up."""

    @property
    def rate(self) -> float:
        return 1.0

    @rate.setter
    def rate(self, rate: float) -> None:
        pass

    def now(self) -> datetime:
        return datetime.now(UTC)


@contextmanager
def practising(*, port: int = 0) -> Iterator[Practice]:
    """Play both, with tokens that look like real ones, for as long as the context lasts."""
    slack = SandboxSlack(
        bot_token=f"xoxb-{secrets.token_hex(12)}",
        signing_secret=secrets.token_hex(16),
        app_token=f"xapp-1-{secrets.token_hex(12)}",
    )
    slack.scopes.intersection_update(SCOPES)
    digitalocean = SandboxDigitalOcean(token=f"dop_v1_{secrets.token_hex(32)}")
    company.add_people(slack)
    slack.add_group(ADMINS, "db-admins", [ALICE, BOB])
    company.add_clusters(digitalocean)
    digitalocean.add_cluster("forgotten", engine="valkey")  # open to the world
    with slack, digitalocean:
        practice: list[Practice] = []
        page = Playground(
            slack,
            digitalocean,
            _RealTime(),
            _setting(),
            steps_done=lambda: practice[0].steps_done(),
            port=port,
        )
        practice.append(Practice(slack, digitalocean, page))
        with page:
            yield practice[0]


def practise(*, port: int = 0) -> None:
    """Play both until Ctrl-C (or SIGTERM); print what there is to type and to paste."""
    wait_until_stopped = stop_on_signals()
    with practising(port=port) as practice:
        print(practice.handout(), flush=True)  # noqa: T201
        wait_until_stopped()


def _setting() -> Setting:
    return Setting(
        roles=[
            Role(RITA, "requests access"),
            Role(ALICE, "approver"),
            Role(BOB, "approver"),
        ],
        command=COMMAND,
        steps=_STEPS,
        shortcuts=SHORTCUTS,
        channel=GENERAL,
        label="dbaccess/prod ",
    )
