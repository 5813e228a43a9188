"""The interview: every question in its order, each answer checked before the next."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.cli.init import digitalocean_steps, policy_steps, slack_steps
from bot.cli.init.asking import Asker, Stopped
from bot.cli.init.clusters import Cluster
from bot.cli.init.rendering import PolicyAnswers
from bot.cli.init.slack_steps import OpenLink
from bot.slack.installation import Installation, SlackFailure
from bot.slack.workspace_names import WorkspaceNames


@dataclass(frozen=True)
class Endpoints:
    """Where both APIs are."""

    slack: str
    digitalocean: str


@dataclass(frozen=True)
class Account:
    """The variables that dbaccess needs, by their names, and the clusters that the token sees."""

    environment: Mapping[str, str]
    clusters: list[Cluster]


class Interview:
    """Asks; raises Stopped where a given answer is not good, or nothing can go on."""

    def __init__(self, asker: Asker, endpoints: Endpoints, open_link: OpenLink) -> None:
        self._asker = asker
        self._endpoints = endpoints
        self._open_link = open_link

    def account(self) -> Account:
        """Ask for what `.env` is made of."""
        address = slack_steps.connection(self._asker)
        values = slack_steps.tokens(self._asker, address, self._endpoints.slack, self._open_link)
        token, clusters = digitalocean_steps.account(self._asker, self._endpoints.digitalocean)
        values["DIGITALOCEAN_TOKEN"] = token
        if address:
            values |= {"DBACCESS_PUBLIC_URL": address, "DBACCESS_TRUSTED_PROXIES": "1"}
        return Account(values, clusters)

    def policy(self, account: Account) -> PolicyAnswers:
        """Ask for what `dbaccess.toml` is made of.

        Raises:
            Stopped: Slack does not list people, too.
        """
        asker, bot_token = self._asker, account.environment["SLACK_BOT_TOKEN"]
        chosen = digitalocean_steps.chosen_clusters(asker, account.clusters)
        names = WorkspaceNames(bot_token, self._endpoints.slack)
        slack = Installation(bot_token, self._endpoints.slack)
        channel, operators = slack_steps.channels(asker, slack, names)
        try:
            people = slack_steps.directory(asker, names)
        except SlackFailure as failure:
            why = failure.unreachable or failure.code
            raise Stopped(f"Slack does not list people: {why}") from failure
        approvers = policy_steps.approvers(asker, people)
        asker.say()
        asker.say("5 of 6  Policy")
        return PolicyAnswers(
            approvals=policy_steps.approvals(asker, approvers),
            max_duration=policy_steps.longest(asker),
            requesters=policy_steps.requesters(asker, people),
            instance=policy_steps.instance(asker),
            operators=operators,
            channel=channel,
            approvers=approvers,
            clusters=chosen,
        )
