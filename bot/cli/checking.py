"""`dbaccess check`: what is missing, one line each, with the mend."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError

from bot.config import ConfigError, Settings, load_policy, load_settings
from bot.digitalocean import ApiError, DigitalOcean
from bot.domain.policy import Policy
from bot.slack.examination import examine
from bot.store import schema
from bot.store.database import Database


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
    groups = {
        name
        for cluster in (policy.clusters.values() if policy else ())
        for name in (
            *cluster.approvers,
            *cluster.requesters,
            *(name for written in cluster.auto_approve for name in written.requesters),
        )
        if name.startswith("S")
    }
    token = settings.slack_bot_token.get_secret_value()
    for finding in examine(token, settings.slack_api_url, groups):
        yield Line(finding.ok, f"slack {finding.what}", finding.words)


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
