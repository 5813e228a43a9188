"""What `dbaccess audit` and `dbaccess audit verify` do."""

from datetime import datetime

import typer

from bot.cli import frame
from bot.cli.audit_lines import lines
from bot.cli.auditing import Format
from bot.cli.since import parse_since
from bot.clock import SystemClock
from bot.domain.refusal import Refused
from bot.domain.sources import TrustedSource, parse_source
from bot.store import audit
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
        typer.BadParameter: what was typed is no time, or no source.
    """
    database = Database(frame.settings().database_url)
    start, end = _time(since, "--since"), _time(until, "--until")
    about = _source(source)
    with frame.telling_faults(), database.reading() as session:
        found = audit.rows(
            session, since=start, until=end, cluster=cluster, person=person, source=about
        )
        for line in lines(found, form):
            typer.echo(line)


def verify_chain(*, holds: str | None) -> None:
    """Say whether the audit is whole, and whether a digest from before is still there.

    Raises:
        typer.Exit: 1 where it is not.
    """
    database = Database(frame.settings().database_url)
    with frame.telling_faults(), database.reading() as session:
        verdict = audit.verify_chain(session)
        if verdict.broken_at is not None:
            raise Refused(
                f"The audit is broken at row {verdict.broken_at}: that row was changed, or one "
                f"before it was changed or removed. Whole rows before it: {verdict.count:,}."
            )
        if holds is not None and not audit.holds(session, holds.strip().lower()):
            raise Refused(
                f"No row carries the digest {holds}: rows that were there are gone. Whole rows "
                f"that are left: {verdict.count:,}."
            )
    typer.echo(f"The audit is whole: {verdict.count:,} rows. The last one's digest is")
    typer.echo(verdict.head)


def _time(typed: str | None, option: str) -> datetime | None:
    try:
        return parse_since(typed, SystemClock().now()) if typed else None
    except ValueError as error:
        raise typer.BadParameter(f"{typed} is no time", param_hint=option) from error


def _source(typed: str | None) -> TrustedSource | None:
    try:
        return parse_source(typed) if typed else None
    except Refused as refused:
        raise typer.BadParameter(
            refused.sentence.replace("`", ""), param_hint="--source"
        ) from refused
