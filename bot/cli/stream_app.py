"""`dbaccess stream`: how far the audit's receiver is, and sending rows again."""

from typing import Annotated

import typer

stream_app = typer.Typer(rich_markup_mode=None)


@stream_app.callback(invoke_without_command=True)
def show(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Show how far the audit was sent to its receiver.

    If that fails, since when and why.
    """
    if context.invoked_subcommand:
        return
    from bot.cli.stream_commands import show_stream

    show_stream(as_json=as_json)


@stream_app.command()
def ping() -> None:
    """Send the receiver a test event, which stands for no row."""
    from bot.cli.stream_commands import ping_receiver

    ping_receiver()


@stream_app.command()
def replay(
    since: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="A UTC time like 2026-11-25T14:00, or 30d ago."),
    ] = None,
    first: Annotated[
        int | None, typer.Option("--from", metavar="ROW", help="From this row on.", min=1)
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show which rows, but send none.")
    ] = False,
) -> None:
    """Send rows of the audit again, for a receiver that has lost some.

    They have the ids that they had before. Rows that it has not got at all are sent by the worker,
    in their turn.
    """
    from bot.cli.stream_commands import replay_rows

    if (since is None) == (first is None):
        raise typer.BadParameter("give --since TIME or --from ROW")
    replay_rows(since=since, first=first, dry_run=dry_run)
