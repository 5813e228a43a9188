"""`dbaccess report`: the auditor's page, from the tables to a file."""

import os
import stat
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import typer
from sqlmodel import Session

from bot import __version__
from bot.cli import frame
from bot.cli.since import parse_since
from bot.clock import Clock, SystemClock
from bot.config import Settings
from bot.core import build_provider
from bot.domain.labels import read_label
from bot.domain.policy import Policy
from bot.domain.rules import Rule
from bot.domain.sources import TrustedSource
from bot.faults import Fault
from bot.providers.base import ApiError
from bot.reporting.chain_wording import problems
from bot.reporting.facts import ForeignRule, Live, Report
from bot.reporting.lanes import Row
from bot.reporting.page import render
from bot.reporting.reading import read_report
from bot.reporting.wording import holders
from bot.slack.client import DIRECTORY_SECONDS, web_client
from bot.slack.users.directory import NO_SUCH_USER, Directory
from bot.slack.users.unavailable import DirectoryUnavailable
from bot.store import clusters, grants
from bot.store.database import Database
from bot.store.report_queries import Period

_NO_PICTURES = (
    "The report needs matplotlib for its timeline. Install the wheel that you have with it: "
    f"pip install './dbaccess-{__version__}-py3-none-any.whl[report]' (in a checkout: '.[report]')."
)


@dataclass(frozen=True)
class Wanted:
    """What was typed: *since* and *until* as in `audit`, the cluster's alias, where it is to go.

    With *live*, DigitalOcean is asked for the rules that the clusters have now.
    """

    since: str
    until: str | None
    cluster: str | None
    out: Path
    live: bool = False


def write_report(wanted: Wanted) -> None:
    """Write the page by environment and dbaccess.toml, and say what was made.

    Raises:
        typer.Exit: 1 where it cannot be made, or anything is wrong with the audit's chain.
    """
    settings, policy = frame.configuration()
    with frame.telling_faults():
        made = make_report(settings, policy, wanted)
        typer.echo(summary(made, wanted.out))
    found = problems(made.chain)
    for problem in found:
        typer.echo(problem, err=True)
    if found:
        raise typer.Exit(1)


def make_report(
    settings: Settings, policy: Policy, wanted: Wanted, clock: Clock | None = None
) -> Report:
    """Write the page to a file, and return what it says.

    Raises:
        Refused: no such cluster.
        Fault: no such time, an empty period, or matplotlib is missing.
        OSError: the file cannot be written.
    """
    now = (clock or SystemClock()).now()
    since, until = _times(wanted, now)
    draw = _artist()
    database = Database(settings.database_url, settings.audit_keys())
    try:
        with database.one_moment() as session:
            period = Period(since, until, _known(session, policy, wanted.cluster))
            report = read_report(session, period, installation=policy.instance, now=now)
        if wanted.live:
            report.live = _look_now(settings, policy, period.cluster, database)
    finally:
        database.close()
    names = _names(settings, report.named())

    def name_of(person: str) -> str:
        return names.get(person, person)

    def drawn(rows: Sequence[Row], number: int, title: str) -> str:
        return draw(rows, period, number=number, title=title, name_of=name_of)

    _write_private(wanted.out, render(report, drawn, name_of=name_of))
    return report


def _write_private(file: Path, page: str) -> None:
    """Write a file that only its owner may read, since it holds people's reasons and addresses."""
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
        if stat.S_ISREG(os.fstat(out.fileno()).st_mode):
            with suppress(PermissionError):  # somebody else's file, which they let us write
                file.chmod(0o600)
        out.write(page.encode())


def summary(report: Report, out: Path) -> str:
    """Return in one line what was made."""
    grants_ = report.accesses.count
    counted = f"{grants_} {'grant' if grants_ == 1 else 'grants'}"
    return f"{out}: {counted} of {holders(len(report.people), len(report.machines))}"


def _times(wanted: Wanted, now: datetime) -> tuple[datetime, datetime]:
    since = parse_since(wanted.since, now)
    until = min(now, parse_since(wanted.until, now)) if wanted.until else now
    if since >= until:
        raise Fault("--since must be before --until, and in the past.")
    return since, until


def _known(session: Session, policy: Policy, alias: str | None) -> str | None:
    """Return an alias as it stands in the tables; it may have left the policy."""
    if alias is None or alias in {watch.alias for watch in clusters.all_of(session)}:
        return alias
    policy.cluster(alias)
    return alias.lower()


def _artist() -> Callable[..., str]:
    try:
        from bot.reporting.drawing import draw  # an extra that only this command needs
    except ModuleNotFoundError as error:
        raise Fault(_NO_PICTURES) from error
    return draw


def _look_now(settings: Settings, policy: Policy, only: str | None, database: Database) -> Live:
    live = Live()
    provider = build_provider(settings)
    for alias, cluster in policy.clusters.items():
        if only not in (None, alias):
            continue
        try:
            rules = provider.read_rules(str(cluster.id))
        except ApiError as error:
            live.unread[alias] = str(error)
            continue
        live.read.append(alias)
        with database.reading() as session:
            ours = {one.source for one in grants.live(session, cluster=alias) if one.owned}
        foreign = (rule for rule in rules if _is_foreign(rule, ours, policy.instance))
        live.rules.add(*(_foreign(alias, rule) for rule in foreign))
    provider.close()
    return live


def _is_foreign(rule: Rule, ours: Collection[TrustedSource], instance: str) -> bool:
    its_label = read_label(rule.description)
    labelled = its_label is not None and its_label.instance == instance
    return not (labelled or rule.source in ours or rule.is_guard(instance))


def _foreign(alias: str, rule: Rule) -> ForeignRule:
    source = str(rule.source or f"{rule.type}:{rule.value}")
    return ForeignRule(alias, source, rule.description or "", rule.created_at)


def _names(settings: Settings, people: Iterable[str]) -> dict[str, str]:
    """Return what people are called, as far as Slack says; once it is silent, it is let be."""
    token = settings.slack_bot_token.get_secret_value()
    directory = Directory(
        web_client(token, settings.slack_api_url, timeout_seconds=DIRECTORY_SECONDS)
    )
    names: dict[str, str] = {}
    for person in sorted(people):
        try:
            names[person] = f"{directory.name(person)} ({person})"
        except DirectoryUnavailable as error:
            if error.code != NO_SUCH_USER:
                break
    return names
