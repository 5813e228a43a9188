"""`dbaccess check`: what is missing, one line each, with the mend. It changes nothing."""

import shutil
import sys
from collections.abc import Generator, Iterator
from pathlib import Path

import typer

from bot.checks.provider import check_provider
from bot.cli import findings
from bot.cli.surroundings import examine_address, examine_clock, examine_database, examine_modes
from bot.config import ConfigError, Settings, load_policy, load_settings
from bot.core import build_provider
from bot.domain.contradictions import Known, contradictions
from bot.domain.findings import Finding, Level, fault, ok
from bot.domain.policy import Policy
from bot.domain.refusal import one_line
from bot.redaction import Redaction
from bot.slack.channels import examine_channels
from bot.slack.examination import Examination
from bot.slack.roll_call import RollCall


def check(*, as_json: bool, live: bool = False) -> None:
    """Print what was found, a line each or one JSON array; *live*: wait for Slack, too.

    Raises:
        typer.Exit: 1 where there is a fault.
    """
    found = list(check_all(live=live))
    if as_json:
        typer.echo(findings.as_json(found))
    else:
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
        typer.echo(findings.as_lines(found, width=width))
        typer.echo(findings.summary(found), err=True)
    if any(one.level is Level.FAULT for one in found):
        raise typer.Exit(1)


def check_all(*, live: bool = False) -> Iterator[Finding]:
    """Look at everything that can be looked at; a fault hides only what depends on it."""
    try:
        settings = load_settings()
    except ConfigError as error:
        yield from (fault("environment", _bare(line)) for line in error.problems)
        return
    redaction = Redaction(settings.secrets())
    for finding in _check(settings, live=live):
        words = one_line(redaction.clean(finding.words))  # others chose the names in there
        yield Finding(finding.level, finding.what, words)


def _check(settings: Settings, *, live: bool) -> Iterator[Finding]:
    yield ok("environment", "complete")
    policy = None
    try:
        policy = load_policy(settings.dbaccess_config)
        yield ok("configuration", _summary(settings.dbaccess_config, policy))
    except ConfigError as error:
        yield from (fault("configuration", problem) for problem in error.problems)
    yield examine_database(settings.database_url)
    yield from examine_modes(settings.database_url)
    yield from examine_address(settings)
    known = yield from _check_slack(settings, policy)
    if policy is not None:
        yield from contradictions(policy, known)
        yield from _check_provider(settings, policy)
    if live:
        from bot.cli.live_check import examine_live  # it serves, which is much to load

        yield examine_live(settings, announce=_tell)


def _tell(what_to_do: str) -> None:
    typer.echo(what_to_do, err=True)


def _check_slack(settings: Settings, policy: Policy | None) -> Generator[Finding, None, Known]:
    examination = Examination(settings.slack_bot_token.get_secret_value(), settings.slack_api_url)
    app_token = settings.slack_app_token
    yield from examination.tokens(app_token.get_secret_value() if app_token else None)
    yield from examine_clock("Slack", examination.date)
    if policy is None or not examination.knows_us:
        return Known()
    roll_call = RollCall(examination.client, policy)
    yield from roll_call.call()
    yield from examine_channels(examination.client, policy)
    return roll_call.known


def _check_provider(settings: Settings, policy: Policy) -> Iterator[Finding]:
    try:
        provider = build_provider(settings)
    except ValueError as error:
        yield fault("digitalocean", f"{error}: correct DIGITALOCEAN_API_URL")
        return
    try:
        yield from check_provider(provider, policy)
        yield from examine_clock("DigitalOcean", provider.date)
    finally:
        provider.close()


def _summary(file: Path, policy: Policy) -> str:
    count = len(policy.clusters)
    clusters = "1 cluster" if count == 1 else f"{count} clusters"
    return f"{file.name}, instance {policy.instance}, {clusters}"


def _bare(problem: str) -> str:
    return problem.removeprefix("environment: ")
