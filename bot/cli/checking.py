"""`dbaccess check`: what is missing, one line each, with the mend."""

from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPException

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from sqlalchemy.exc import SQLAlchemyError

from bot.config import ConfigError, Settings, load_policy, load_settings
from bot.digitalocean import ApiError, DigitalOcean
from bot.domain.policy import Policy
from bot.slack.client import DIRECTORY_SECONDS, web_client
from bot.store import schema
from bot.store.database import Database

SCOPES = ("chat:write", "commands", "usergroups:read", "users:read")


@dataclass(frozen=True)
class Line:
    """One thing that was looked at."""

    ok: bool
    what: str
    finding: str


def check_all() -> list[Line]:
    """Look at everything that can be looked at; a fault hides only what depends on it."""
    try:
        settings = load_settings()
    except ConfigError as error:
        return [Line(False, "environment", problem) for problem in error.problems]
    lines = [Line(True, "environment", "complete"), _check_database(settings)]
    policy = None
    try:
        policy = load_policy(settings.dbaccess_config)
        lines.append(Line(True, "configuration", f"{len(policy.clusters)} clusters"))
    except ConfigError as error:
        lines += [Line(False, "configuration", problem) for problem in error.problems]
    lines += _check_slack(settings, policy)
    lines += _check_digitalocean(settings, policy)
    return lines


def _check_database(settings: Settings) -> Line:
    database = Database(settings.database_url)
    try:
        if schema.is_current(database):
            return Line(True, "database", "reachable, schema current")
        if database.is_sqlite:
            return Line(True, "database", "schema is not current; `dbaccess serve` mends that")
        return Line(False, "database", "schema is not current: run `dbaccess migrate`")
    except SQLAlchemyError as error:
        return Line(False, "database", f"cannot be reached: {type(error).__name__}")
    finally:
        database.close()


def _check_slack(settings: Settings, policy: Policy | None) -> Iterator[Line]:
    client = web_client(
        settings.slack_bot_token.get_secret_value(),
        settings.slack_api_url,
        timeout_seconds=DIRECTORY_SECONDS,
    )
    try:
        answer = client.auth_test()
    except (SlackClientError, OSError, HTTPException) as error:
        yield Line(False, "slack token", f"{_reason(error)}: is SLACK_BOT_TOKEN right?")
        return
    yield Line(True, "slack token", f"{answer.get('user')} in {answer.get('team')}")
    headers = {key.lower(): value for key, value in answer.headers.items()}
    granted = {scope.strip() for scope in str(headers.get("x-oauth-scopes", "")).split(",")}
    for scope in SCOPES:
        if scope not in granted:
            yield Line(False, "slack scopes", f"{scope} is missing: install the app again")
    if set(SCOPES) <= granted:
        yield Line(True, "slack scopes", ", ".join(SCOPES))
    if policy is not None:
        yield from _check_groups(client, policy)


def _check_groups(client: WebClient, policy: Policy) -> Iterator[Line]:
    groups = sorted(
        {
            name
            for cluster in policy.clusters.values()
            for name in (*cluster.approvers, *cluster.requesters)
            if name.startswith("S")
        }
    )
    for group in groups:
        try:
            members = client.usergroups_users_list(usergroup=group).get("users") or []
        except (SlackClientError, OSError, HTTPException) as error:
            yield Line(False, f"user group {group}", f"cannot be read: {_reason(error)}")
        else:
            yield Line(bool(members), f"user group {group}", f"{len(members)} members")


def _check_digitalocean(settings: Settings, policy: Policy | None) -> Iterator[Line]:
    if policy is None:
        return
    digitalocean = DigitalOcean(
        settings.digitalocean_token.get_secret_value(), endpoint=settings.digitalocean_api_url
    )
    for alias, cluster in policy.clusters.items():
        what = f"cluster {alias}"
        try:
            rules = digitalocean.read_rules(str(cluster.id))
        except ApiError as error:
            yield Line(False, what, str(error))
            continue
        if rules or cluster.allow_open:
            yield Line(True, what, f"{len(rules)} trusted sources")
        else:
            yield Line(
                False,
                what,
                "no trusted sources, so it accepts everybody: add those that must keep working, "
                "or set allow_open = true",
            )
    digitalocean.close()


def _reason(error: Exception) -> str:
    if isinstance(error, SlackApiError):
        return str(error.response.get("error") or "no answer")
    return type(error).__name__
