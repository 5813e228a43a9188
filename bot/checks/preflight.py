"""The preflight: everything that can be checked before dbaccess serves, without a change."""

from collections.abc import Callable, Generator, Iterator
from pathlib import Path

from bot.checks.environment import (
    check_address,
    check_certificates,
    check_clock,
    check_database,
    check_file_modes,
    check_rotation,
    check_secrets,
)
from bot.checks.findings import Finding, fault, hint, ok
from bot.checks.issuers import check_caller, check_issuers
from bot.checks.people import PolicyPeople
from bot.checks.policy_lint import KnownPeople, lint_policy
from bot.checks.provider import check_provider
from bot.checks.sessions import check_session_servers, check_sessions
from bot.checks.slack_setup import check_app_token, check_bot_token, check_channels, check_scopes
from bot.checks.stream import check_stream
from bot.config import (
    ConfigError,
    Settings,
    is_set_up_here,
    load_policy,
    load_settings,
    policy_file,
)
from bot.core import build_provider
from bot.domain.policy import Policy
from bot.domain.typed_text import one_line
from bot.providers.base import Provider
from bot.redaction import Redaction
from bot.slack.installation import Installation


def run_checks(*, live: bool, announce: Callable[[str], None]) -> Iterator[Finding]:
    """Check everything that can be checked; a fault hides only what depends on it.

    Args:
        live: post to channels that cannot be looked at, send the stream's receiver a test event,
            and wait for a real command from Slack.
        announce: called with what somebody has to type then.
    """
    try:
        settings = load_settings()
    except ConfigError as error:
        if not is_set_up_here():
            yield hint("start", "nothing is set up in this folder: `dbaccess init` asks for it all")
        problems = (problem.removeprefix("environment: ") for problem in error.problems)
        yield from (fault("environment", problem) for problem in problems)
        yield from _configuration_alone(policy_file())
        return
    yield from _shown(settings, _run(settings, live=live, announce=announce))


def _configuration_alone(file: Path) -> Iterator[Finding]:
    """Check the file that needs nothing of the environment, so that its faults come along."""
    try:
        load_policy(file)
    except ConfigError as error:
        yield from (fault("configuration", problem) for problem in error.problems)


def check_running(settings: Settings, policy: Policy, provider: Provider) -> Iterator[Finding]:
    """Check what a process that runs has not tried yet; its database and files it has.

    Members of user groups are not looked up each: where many processes start at once, these calls
    would be missing for what people do.

    Args:
        settings: those of the process.
        policy: the one that it works by.
        provider: the one that it works with.
    """
    yield from _shown(settings, _run_beside(settings, policy, provider))


def _shown(settings: Settings, findings: Iterator[Finding]) -> Iterator[Finding]:
    redaction = Redaction(settings.secrets())
    for finding in findings:
        words = one_line(redaction.clean(finding.words))  # others chose the names in there
        yield Finding(finding.level, finding.what, words)


def _run_beside(settings: Settings, policy: Policy, provider: Provider) -> Iterator[Finding]:
    yield from _check_surroundings(settings)
    people = yield from _check_slack(settings, policy, posting=False, with_members=False)
    yield from lint_policy(policy, people)
    yield from _check_provider(provider, settings, policy)
    yield from check_sessions(settings, policy)
    yield from check_issuers(policy)
    yield from check_caller(settings, policy)
    yield from check_stream(settings, policy, live=False)


def _check_surroundings(settings: Settings) -> Iterator[Finding]:
    yield from check_file_modes(settings.database_url)
    yield from check_address(settings)
    yield from check_certificates()
    yield from check_rotation(settings)


def _run(settings: Settings, *, live: bool, announce: Callable[[str], None]) -> Iterator[Finding]:
    yield from check_secrets(settings)
    policy = None
    try:
        policy = load_policy(settings.dbaccess_config)
        yield ok("configuration", _summary(settings.dbaccess_config, policy))
    except ConfigError as error:
        yield from (fault("configuration", problem) for problem in error.problems)
    yield from check_database(settings)
    yield from _check_surroundings(settings)
    people = yield from _check_slack(settings, policy, posting=live, with_members=True)
    if policy is not None:
        yield from lint_policy(policy, people)
        yield from _connect_and_check_provider(settings, policy)
        yield from check_sessions(settings, policy)
        yield from check_issuers(policy)
        yield from check_caller(settings, policy)
        yield from check_stream(settings, policy, live=live)
    if live:
        from bot.checks.live import check_live  # it serves, which is much to load

        yield check_live(settings, announce=announce)
    if settings.slack_app_token is not None:
        yield hint(
            "not tested",
            "whether SLACK_SIGNING_SECRET is right: Socket Mode does not use it, and a wrong one "
            "shows only after a change to HTTP",
        )
    elif not live:
        yield hint(
            "not tested",
            "whether SLACK_SIGNING_SECRET is right, since only a request of Slack's tells: "
            "`dbaccess check --live` waits for one",
        )


def _check_slack(
    settings: Settings, policy: Policy | None, *, posting: bool, with_members: bool
) -> Generator[Finding, None, KnownPeople]:
    slack = Installation(settings.slack_bot_token.get_secret_value(), settings.slack_api_url)
    identity, finding = check_bot_token(slack)
    yield finding
    if identity is not None:
        yield check_scopes(identity)
    if settings.slack_app_token is not None:
        yield check_app_token(slack, settings.slack_app_token.get_secret_value())
    if identity is None:
        return KnownPeople()
    yield from check_clock("Slack", identity.date)
    if policy is None:
        return KnownPeople()
    people = PolicyPeople(slack, policy, with_members=with_members)
    yield from people.check()
    yield from check_channels(slack, policy, posting=posting)
    return people.known


def _connect_and_check_provider(settings: Settings, policy: Policy) -> Iterator[Finding]:
    try:
        provider = build_provider(settings)
    except ValueError as error:
        yield fault("digitalocean", f"{error}: correct DIGITALOCEAN_API_URL")
        return
    try:
        yield from _check_provider(provider, settings, policy)
    finally:
        provider.close()


def _check_provider(provider: Provider, settings: Settings, policy: Policy) -> Iterator[Finding]:
    yield from check_provider(provider, policy)
    yield from check_session_servers(provider, settings, policy)
    yield from check_clock("DigitalOcean", provider.date)


def _summary(file: Path, policy: Policy) -> str:
    count = len(policy.clusters)
    clusters = "1 cluster" if count == 1 else f"{count} clusters"
    return f"{file.name}, instance {policy.instance}, {clusters}"
