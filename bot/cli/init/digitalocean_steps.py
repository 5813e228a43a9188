"""The questions about DigitalOcean: its token, which clusters, what they are called."""

from collections.abc import Mapping, Sequence

from pydantic import SecretStr

from bot.cli.init.asking import ALIAS, Asker, Question, Stopped, Unusable
from bot.cli.init.clusters import (
    Choice,
    Cluster,
    check_alias,
    choose,
    proposed_alias,
    read_clusters,
    table,
)
from bot.cli.init.tokens import token
from bot.config import Settings
from bot.core import build_provider
from bot.domain.typed_text import one_line
from bot.providers.base import ApiError


def account(asker: Asker, api_url: str) -> tuple[str, list[Cluster]]:
    """Return the token, and the clusters that it sees."""
    asker.say()
    asker.say("3 of 6  DigitalOcean")
    if not asker.has("digitalocean_token"):
        asker.say(
            "Generate a token under API, Tokens, with the Custom Scopes database:read and "
            "database:update. DigitalOcean adds those that these require."
        )
    secret, clusters = asker.ask(
        Question(
            "digitalocean_token",
            "API token",
            lambda typed: _account(typed, api_url),
            keep=lambda account: account[0],
            hidden=True,
        )
    )
    asker.say("  ok: 1 cluster" if len(clusters) == 1 else f"  ok: {len(clusters)} clusters")
    return secret, clusters


def _account(typed: str, api_url: str) -> tuple[str, list[Cluster]]:
    secret = token("digitalocean_token", typed)
    settings = Settings.model_construct(
        digitalocean_token=SecretStr(secret), digitalocean_api_url=api_url
    )
    try:
        provider = build_provider(settings)
    except ValueError as error:
        raise Stopped(f"DIGITALOCEAN_API_URL: {error}") from error
    try:
        clusters = read_clusters(provider)
    except ApiError as error:
        raise Unusable(one_line(provider.remedy(error))) from error
    finally:
        provider.close()
    if not clusters:
        raise Unusable(
            "This token sees no database cluster. Create one first, or paste a token of the team "
            "that has it."
        )
    return secret, clusters


def chosen_clusters(asker: Asker, clusters: Sequence[Cluster]) -> dict[str, Cluster]:
    """Return the clusters that people may request, by their aliases."""
    for line in table(clusters):
        asker.show(line)
    choices = asker.ask(
        Question(
            "clusters",
            "Which of these may people request? (numbers, names or `all`)",
            lambda typed: choose(typed, clusters),
            keep=_as_answer,
            default="1" if len(clusters) == 1 else "",
        )
    )
    named: dict[str, Cluster] = {}
    for choice in choices:
        if choice.cluster.is_open:
            asker.note(
                f"{choice.cluster.name} is open to the world. dbaccess refuses requests for it "
                "until you add the trusted sources that must keep working."
            )
        alias = choice.alias or _alias(asker, choice.cluster, named)
        if alias in named:
            raise Stopped(f"clusters: two are called {alias}")
        named[alias] = choice.cluster
    return named


def _alias(asker: Asker, cluster: Cluster, taken: Mapping[str, Cluster]) -> str:
    return asker.ask(
        Question(
            f"{ALIAS}{cluster.listed.id}",
            f"What people call {cluster.name}",
            lambda typed: _free(check_alias(typed), taken),
            default=proposed_alias(cluster.name, taken),
        )
    )


def _as_answer(choices: tuple[Choice, ...]) -> str:
    ids = (one.cluster.listed.id for one in choices)
    aliases = (f"{one.alias}=" if one.alias else "" for one in choices)
    return ", ".join(map("".join, zip(aliases, ids, strict=True)))


def _free(alias: str, taken: Mapping[str, Cluster]) -> str:
    if alias in taken:
        raise Unusable(f"{alias} is taken. Choose another name.")
    return alias
