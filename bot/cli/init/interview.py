"""The interview: every question in its order, each answer checked before the next."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.cli.init import digitalocean_steps, policy_steps, slack_steps
from bot.cli.init.answers import is_socket_mode
from bot.cli.init.asking import Asker, Stopped
from bot.cli.init.clusters import Cluster
from bot.cli.init.people import Directory
from bot.cli.init.rendering import PolicyAnswers
from bot.cli.init.slack_steps import OpenLink
from bot.slack.installation import Installation, SlackFailure
from bot.slack.workspace_names import WorkspaceNames

_SOME_ADDRESS = "https://not.known"  # where the given one is wrong; nothing is made of it


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
        """Ask for what `.env` is made of; a given answer that is wrong is missing in there."""
        asker = self._asker
        answer = asker.attempt(lambda: slack_steps.connection(asker)) or _SOME_ADDRESS
        address = None if is_socket_mode(answer) else answer
        values = slack_steps.tokens(asker, address, self._endpoints.slack, self._open_link)
        api_url = self._endpoints.digitalocean
        token, clusters = asker.attempt(lambda: digitalocean_steps.account(asker, api_url)) or (
            "",
            list[Cluster](),
        )
        values["DIGITALOCEAN_TOKEN"] = token
        if address:
            values |= {"DBACCESS_PUBLIC_URL": address, "DBACCESS_TRUSTED_PROXIES": "1"}
        return Account(values, clusters)

    def policy(self, account: Account) -> PolicyAnswers:
        """Ask for what `dbaccess.toml` is made of.

        Where nobody can be asked, the channels come last, since finding them may post.

        Raises:
            Stopped: Slack does not list people, too.
        """
        asker = self._asker
        chosen = self._chosen(account)
        bot_token = account.environment.get("SLACK_BOT_TOKEN", "")
        names = WorkspaceNames(bot_token, self._endpoints.slack)
        slack = Installation(bot_token, self._endpoints.slack)
        found = None if asker.is_alone else slack_steps.channels(asker, slack, names)
        people = asker.attempt(lambda: self._people(names)) if bot_token else None
        approvers = asker.attempt(lambda: policy_steps.approvers(asker, people)) if people else None
        asker.say()
        asker.say("5 of 6  Policy")
        approvals = asker.attempt(lambda: policy_steps.approvals(asker, approvers))
        longest = asker.attempt(lambda: policy_steps.longest(asker))
        requesters = (
            asker.attempt(lambda: policy_steps.requesters(asker, people)) if people else None
        )
        instance = asker.attempt(lambda: policy_steps.instance(asker))
        if asker.is_alone:
            slack_steps.check_channels_written(asker)
        asker.stop_if_wrong()
        if not (chosen and approvers and approvals and longest and requesters and instance):
            raise AssertionError  # whatever is missing was a failed attempt
        channel, operators = found or slack_steps.channels(asker, slack, names)
        return PolicyAnswers(
            approvals=approvals,
            max_duration=longest,
            requesters=requesters,
            instance=instance,
            operators=operators,
            channel=channel,
            approvers=approvers,
            clusters=chosen,
        )

    def _chosen(self, account: Account) -> dict[str, Cluster] | None:
        asker, clusters = self._asker, account.clusters
        if not clusters:
            return None
        return asker.attempt(lambda: digitalocean_steps.chosen_clusters(asker, clusters))

    def _people(self, names: WorkspaceNames) -> Directory:
        try:
            return slack_steps.directory(self._asker, names)
        except SlackFailure as failure:
            why = failure.unreachable or failure.code
            raise Stopped(f"Slack does not list people: {why}") from failure
