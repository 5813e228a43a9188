"""`dbaccess audit`: what happened, and whether what is written down of it is as it was."""

from enum import StrEnum
from typing import Annotated

import typer


class Format(StrEnum):
    """How the rows are printed."""

    TABLE = "table"
    JSONL = "jsonl"
    CSV = "csv"


audit_app = typer.Typer(rich_markup_mode=None)


@audit_app.callback(invoke_without_command=True)
def show(
    context: typer.Context,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="From a UTC time like 2026-11-25T14:00, or 30d for 30 days ago."
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

    `audit verify` checks that nobody changed it.
    """
    if context.invoked_subcommand:
        return
    from bot.cli.audit_trail import show_rows

    show_rows(since=since, until=until, cluster=cluster, person=person, source=source, form=form)


@audit_app.command()
def erase(
    before: Annotated[
        str,
        typer.Option(metavar="TIME", help="A UTC time like 2026-05-01, or 365d ago."),
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Erase who, from where and why, from before a time.

    That is in the audit, which can still be verified then, and in requests that were over by then,
    with their decisions and grants. Nothing of it can be restored. It is recorded, with who typed
    it. `[retention] personal` in dbaccess.toml has it done every day.
    """
    from bot.cli.erasing import erase_personal_data

    erase_personal_data(before, is_confirmed=yes)


@audit_app.command()
def verify(
    expect: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ROW:DIGEST",
            help="A row's digest, as it was posted or logged, which must still be there.",
        ),
    ] = None,
    accept: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FIRST-LAST",
            help="Rows of which you know why they carry no key, or a lost one.",
        ),
    ] = None,
) -> None:
    """Find the first row that was changed, or that misses one before it.

    Each row carries a digest of itself and of the row before, made with DBACCESS_AUDIT_KEY where
    that is set. That the newest rows are gone, or all were replaced, shows by a digest that was
    noted elsewhere: give it with --expect. The exit code is 1 if anything is wrong.
    """
    from bot.cli.audit_trail import verify_chain

    verify_chain(expect=expect or (), accept=accept or ())
