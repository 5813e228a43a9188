"""`dbaccess audit`: what happened, and whether what is written down of it is as it was."""

from datetime import datetime
from typing import Annotated

import typer

from bot.cli import frame
from bot.cli.audit_lines import Format, lines
from bot.cli.since import parse_since
from bot.clock import SystemClock
from bot.domain.refusal import Refused
from bot.domain.sources import TrustedSource, parse_source
from bot.store import audit
from bot.store.database import Database

audit_app = typer.Typer(rich_markup_mode=None)


@audit_app.callback(invoke_without_command=True)
def show(
    context: typer.Context,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="From a UTC time like 2026-11-25T14:00, or 30d for so long ago."
        ),
    ] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Before a time.")] = None,
    cluster: Annotated[str | None, typer.Option(metavar="NAME", help="About this cluster.")] = None,
    person: Annotated[
        str | None, typer.Option(metavar="ID", help="By or for this person, like U0ALICE.")
    ] = None,
    source: Annotated[
        str | None, typer.Option(metavar="SOURCE", help="About this source, like 203.0.113.4.")
    ] = None,
    form: Annotated[Format, typer.Option("--format", help="How to print.")] = Format.TABLE,
) -> None:
    """Print what happened, the oldest first.

    `audit verify` finds whether anybody changed it.
    """
    if context.invoked_subcommand:
        return
    database = Database(frame.settings().database_url)
    start, end = _time(since, "--since"), _time(until, "--until")
    about = _source(source)
    with frame.telling_faults(), database.reading() as session:
        found = audit.rows(
            session, since=start, until=end, cluster=cluster, person=person, source=about
        )
        for line in lines(found, form):
            typer.echo(line)


@audit_app.command()
def verify(
    holds: Annotated[
        str | None,
        typer.Option(metavar="DIGEST", help="A digest from before, which must still be there."),
    ] = None,
) -> None:
    """Find the first row that was changed, or that misses one before it.

    Each row carries a digest of itself and of the row before. That the newest rows are gone shows
    only by a digest that was noted elsewhere: give it with --holds. The exit code is 1 if anything
    is wrong.
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
