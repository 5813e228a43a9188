"""What `dbaccess audit` and `dbaccess audit verify` do."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import typer
from sqlmodel import Session

from bot.access import retention
from bot.cli import frame
from bot.cli.audit_lines import lines
from bot.cli.auditing import Format
from bot.cli.since import parse_since
from bot.clock import SystemClock
from bot.config import ConfigError, Settings, load_policy
from bot.domain.audit_chain import Anchor, parse_anchor
from bot.domain.durations import show_duration
from bot.domain.policy import nearest_of
from bot.domain.refusal import Refused
from bot.domain.refusals.clusters import NoSuchCluster
from bot.domain.sources import TrustedSource, parse_source
from bot.faults import Fault
from bot.reporting.chain_wording import problems, signatures
from bot.store import audit, erasure
from bot.store.database import Database


def show_rows(
    *,
    since: str | None,
    until: str | None,
    cluster: str | None,
    person: str | None,
    source: str | None,
    form: Format,
) -> None:
    """Print what happened, the oldest first.

    Raises:
        typer.BadParameter: what was typed is no source.
        typer.Exit: 1 where it is no time, or no cluster.
    """
    settings, about, now = frame.settings(), _source(source), SystemClock().now()
    database = Database(settings.database_url)
    with frame.telling_faults(), database.reading() as session:
        start = parse_since(since, now) if since else None
        end = parse_since(until, now) if until else None
        if cluster is not None:
            cluster = _known(session, settings, cluster)
        found = audit.rows(
            session, since=start, until=end, cluster=cluster, person=person, source=about
        )
        for line in lines(found, form):
            typer.echo(line)


def verify_chain(*, expect: Iterable[str], accept: Iterable[str]) -> None:
    """Say whether the audit is whole, and whether it still contains what was noted elsewhere.

    Raises:
        typer.BadParameter: what was typed is no anchor, or names no rows.
        typer.Exit: 1 where anything is wrong.
    """
    expected = [_anchor(typed) for typed in expect]
    accepted = [_rows(typed) for typed in accept]
    settings = frame.settings()
    database = Database(settings.database_url, settings.audit_keys())
    with frame.telling_faults(), database.reading() as session:
        verdict = audit.verify_chain(session, expected=expected, accepted=accepted)
        by_policy = _by_policy(session, settings)
    for line in [*signatures(verdict), *by_policy]:
        typer.echo(line)
    for problem in problems(verdict):
        typer.echo(problem, err=True)
    if not verdict.is_whole:
        raise typer.Exit(1)
    rows = "1 row" if verdict.count == 1 else f"{verdict.count:,} rows"
    typer.echo(f"The audit is whole: {rows}.")
    if verdict.count:
        typer.echo(f"To note elsewhere, for --expect: {verdict.count}:{verdict.head}")


def _by_policy(session: Session, settings: Settings) -> Iterator[str]:
    """Return what the policy says of erasing, if there is one, and how many rows are left."""
    try:
        kept = load_policy(Path(settings.dbaccess_config)).retention.personal
    except ConfigError:  # the audit can be verified without
        return
    before = retention.erased_before(kept, SystemClock().now())
    if kept is None or before is None:
        return
    left, fixed = erasure.audit_left(session, before)
    never = f", and {fixed:,} of an older version, which cannot be erased" if fixed else ""
    yield (
        f"By the policy, which keeps them for {show_duration(kept)}, those from before "
        f"{before:%Y-%m-%d} UTC are erased. Rows that still have theirs: {left:,}{never}."
    )


def _anchor(typed: str) -> Anchor:
    try:
        return parse_anchor(typed)
    except ValueError as error:
        words = "an anchor looks like 1500:5f3a… with 64 digits behind the colon"
        raise typer.BadParameter(words, param_hint="--expect") from error


def _rows(typed: str) -> range:
    first, dash, last = typed.partition("-")
    try:
        end = sys.maxsize if dash and not last else int(last or first) + 1
        return range(int(first), end)
    except ValueError as error:
        raise typer.BadParameter("rows look like 1001-1500", param_hint="--accept") from error


def _known(session: Session, settings: Settings, alias: str) -> str:
    """Return a cluster's alias as the audit has it; it may have left the policy.

    Raises:
        Refused: neither the audit nor the policy names it.
    """
    audited = audit.clusters(session)
    if alias in audited:
        return alias
    try:
        of_policy = load_policy(Path(settings.dbaccess_config)).clusters
    except ConfigError:  # the audit can be read without
        of_policy = {}
    known = sorted({*audited, *of_policy})
    if alias.lower() in known:
        return alias.lower()
    if not known:
        raise Fault(f"There is no cluster `{alias}`.")
    raise Refused(NoSuchCluster(typed=alias, nearest=nearest_of(alias, known), known=tuple(known)))


def _source(typed: str | None) -> TrustedSource | None:
    try:
        return parse_source(typed) if typed else None
    except Refused as refused:
        words = frame.words(refused.refusal)
        raise typer.BadParameter(words, param_hint="--source") from refused
