"""`dbaccess jobs`: what waits to be done and why; try it again, or drop it."""

from typing import Annotated

import typer

job_app = typer.Typer(rich_markup_mode=None)
_NUMBER = typer.Argument(metavar="ID", help="As `dbaccess jobs` shows it.")


@job_app.callback(invoke_without_command=True)
def show(
    context: typer.Context,
    given_up: Annotated[
        bool, typer.Option("--given-up", help="List what was given up instead.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON array.")] = False,
) -> None:
    """List waiting jobs and why they wait, the oldest first."""
    if context.invoked_subcommand:
        return
    from bot.cli.job_commands import show_jobs

    show_jobs(given_up=given_up, as_json=as_json)


@job_app.command()
def retry(
    job_id: Annotated[int | None, _NUMBER] = None,
    error: Annotated[
        str | None,
        typer.Option(metavar="CODE", help="All messages that were given up with this error."),
    ] = None,
) -> None:
    """Try a job again now, and what was given up behind it."""
    from bot.cli.job_commands import retry_all, retry_job

    if (job_id is None) == (error is None):
        raise typer.BadParameter("give a job's ID, or --error CODE")
    if job_id is not None:
        retry_job(job_id)
    else:
        retry_all(error or "")


@job_app.command()
def drop(job_id: Annotated[int, _NUMBER]) -> None:
    """Give up a waiting job, so that the next one is tried."""
    from bot.cli.job_commands import drop_job

    drop_job(job_id)
