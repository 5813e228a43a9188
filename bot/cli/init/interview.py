"""The interview: every question in its order, each answer checked before the next."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from pydantic import SecretStr

from bot.cli.frame import words
from bot.cli.init import slack_steps
from bot.cli.init.asking import Asker, Question, Stopped, Unusable
from bot.cli.init.clusters import (
    Choice,
    Cluster,
    check_alias,
    choose,
    proposed_alias,
    read_clusters,
    table,
)
from bot.cli.init.people import Directory, Principal
from bot.cli.init.rendering import PolicyAnswers
from bot.cli.init.slack_steps import OpenLink, ids
from bot.cli.init.tokens import token
from bot.config import Settings
from bot.core import build_provider
from bot.domain.durations import parse_duration, show_duration
from bot.domain.labels import INSTANCE
from bot.domain.refusal import Refused
from bot.domain.typed_text import one_line
from bot.providers.base import ApiError
from bot.slack.installation import Installation, SlackFailure
from bot.slack.workspace_names import WorkspaceNames

_SHORTEST = timedelta(minutes=1)
_MOST_APPROVALS = 10


@dataclass(frozen=True)
class Endpoints:
    """Where both APIs are."""

    slack: str
    digitalocean: str


class Interview:
    """Asks; raises Stopped where a given answer is not good, or nothing can go on."""

    def __init__(self, asker: Asker, endpoints: Endpoints, open_link: OpenLink) -> None:
        self._asker = asker
        self._endpoints = endpoints
        self._open_link = open_link
        self._clusters: list[Cluster] = []

    def environment(self) -> dict[str, str]:
        """Return the variables that dbaccess needs, by their names."""
        address = slack_steps.connection(self._asker)
        values = slack_steps.tokens(self._asker, address, self._endpoints.slack, self._open_link)
        self._asker.say()
        self._asker.say("3 of 6  DigitalOcean")
        if not self._asker.has("digitalocean_token"):
            self._asker.say(
                "API, Tokens, Generate New Token, Custom Scopes: database read and update."
            )
        values["DIGITALOCEAN_TOKEN"] = self._asker.ask(
            Question("digitalocean_token", "API token", self._digitalocean_token, hidden=True)
        )
        if address:
            values |= {"DBACCESS_PUBLIC_URL": address, "DBACCESS_TRUSTED_PROXIES": "1"}
        return values

    def policy(self, values: Mapping[str, str]) -> PolicyAnswers:
        """Return who may open what, with the tokens that are known now."""
        chosen = self._chosen_clusters()
        bot_token = values["SLACK_BOT_TOKEN"]
        names = WorkspaceNames(bot_token, self._endpoints.slack)
        slack = Installation(bot_token, self._endpoints.slack)
        channel, operators = slack_steps.channels(self._asker, slack, names)
        try:
            people = slack_steps.directory(self._asker, names)
        except SlackFailure as failure:
            raise Stopped(
                f"Slack does not list people ({failure.unreachable or failure.code})."
            ) from failure
        approvers = self._asker.ask(
            Question(
                "approvers", "Approvers (@name, @group, e-mail; commas between)", people.find, ids
            )
        )
        return PolicyAnswers(
            instance=self._instance(),
            operators=operators,
            channel=channel,
            approvers=approvers,
            clusters=chosen,
            approvals=self._approvals(approvers),
            max_duration=self._longest(),
            requesters=self._requesters(people),
        )

    def _digitalocean_token(self, typed: str) -> str:
        secret = token("digitalocean_token", typed)
        settings = Settings.model_construct(
            digitalocean_token=SecretStr(secret), digitalocean_api_url=self._endpoints.digitalocean
        )
        provider = build_provider(settings)
        try:
            self._clusters = read_clusters(provider)
        except ApiError as error:
            raise Unusable(f"{one_line(provider.remedy(error))}.") from error
        finally:
            provider.close()
        if not self._clusters:
            raise Unusable(
                "This token sees no database cluster. Create one first, or paste a token of the "
                "team that has it."
            )
        count = len(self._clusters)
        self._asker.say(f"  ok: {'1 cluster' if count == 1 else f'{count} clusters'}")
        return secret

    def _chosen_clusters(self) -> dict[str, Cluster]:
        for line in table(self._clusters):
            self._asker.show(line)
        choices = self._asker.ask(
            Question(
                "clusters",
                "Which of these may people request? (numbers, names or `all`)",
                lambda typed: choose(typed, self._clusters),
                keep=_cluster_ids,
                default="1" if len(self._clusters) == 1 else "",
            )
        )
        named: dict[str, Cluster] = {}
        for choice in choices:
            alias = choice.alias or self._alias(choice.cluster, named)
            if alias in named:
                raise Stopped(f"clusters: two are called {alias}")
            named[alias] = choice.cluster
        return named

    def _alias(self, cluster: Cluster, taken: Mapping[str, Cluster]) -> str:
        if cluster.is_open:
            self._asker.say(
                f"{cluster.name} is open to the world. dbaccess refuses requests for it until you "
                "add the trusted sources that must keep working."
            )
        return self._asker.ask(
            Question(
                f"alias of {cluster.listed.id}",
                f"What people call {cluster.name}",
                lambda typed: _free(check_alias(typed), taken),
                default=proposed_alias(cluster.name, taken),
            )
        )

    def _instance(self) -> str:
        if not self._asker.has("instance"):
            return "prod"
        return self._asker.ask(Question("instance", "Name of this installation", _instance))

    def _approvals(self, approvers: tuple[Principal, ...]) -> int:
        self._asker.say()
        self._asker.say("5 of 6  Policy")
        known = sum(one.size or 0 for one in approvers)
        return self._asker.ask(
            Question(
                "approvals",
                "How many approvers must agree",
                lambda typed: _approvals(typed, known),
                default="1",
            )
        )

    def _longest(self) -> timedelta:
        return self._asker.ask(
            Question(
                "max_duration",
                "Longest access, extensions included",
                _duration,
                keep=show_duration,
                default="8h",
            )
        )

    def _requesters(self, people: Directory) -> tuple[Principal, ...]:
        return self._asker.ask(
            Question(
                "requesters",
                "Who may request (`everyone`, or names)",
                people.find_or_everyone,
                keep=ids,
                default="everyone",
            )
        )


def _cluster_ids(choices: tuple[Choice, ...]) -> str:
    named = (f"{one.alias}=" if one.alias else "" for one in choices)
    return ", ".join(
        f"{alias}{one.cluster.listed.id}" for alias, one in zip(named, choices, strict=True)
    )


def _free(alias: str, taken: Mapping[str, Cluster]) -> str:
    if alias in taken:
        raise Unusable(f"{alias} is taken. Choose another name.")
    return alias


def _instance(typed: str) -> str:
    if not re.fullmatch(INSTANCE, typed):
        raise Unusable("It has small letters, digits and dashes, like prod.")
    return typed


def _approvals(typed: str, approvers: int) -> int:
    number = int(typed) if typed.strip().isdecimal() else 0
    if not 1 <= number <= _MOST_APPROVALS:
        raise Unusable(f"Type a number from 1 to {_MOST_APPROVALS}.")
    if number > approvers:
        people = "only 1 person" if approvers == 1 else f"only {approvers} people"
        raise Unusable(f"You named {people} to approve. Type a smaller number.")
    return number


def _duration(typed: str) -> timedelta:
    try:
        duration = parse_duration(typed)
    except Refused as refused:
        raise Unusable(words(refused.refusal)) from refused
    if duration < _SHORTEST:
        raise Unusable("Type at least 1m.")
    return duration
