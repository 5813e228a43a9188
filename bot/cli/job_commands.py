"""What `dbaccess jobs` does."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime

import typer
from rich.console import Console
from rich.table import Table
from sqlmodel import Session

from bot.cli import frame
from bot.cli.listing import utc_time
from bot.cli.operators import current_operator
from bot.clock import SystemClock
from bot.domain.durations import show_duration
from bot.domain.typed_text import one_line
from bot.faults import Fault
from bot.store import job_list
from bot.store.database import Database
from bot.store.job_list import ListedJob
from bot.store.signals import signal


def show_jobs(*, given_up: bool, as_json: bool) -> None:
    """Print the jobs that wait, or those that were given up."""
    database, now = _database(), SystemClock().now()
    with frame.telling_faults(), database.reading() as session:
        found = (job_list.given_up if given_up else job_list.waiting)(session, now)
    if as_json:
        typer.echo(json.dumps([_as_dict(job) for job in found], indent=2))
    elif found:
        _print(found, now)
    else:
        typer.echo("No jobs were given up." if given_up else "No jobs are waiting.")


def retry_job(job_id: int) -> None:
    """Have a job tried again now.

    Raises:
        typer.Exit: 1 where there is no such job.
    """
    with _changing() as session:
        count = job_list.retry(session, job_id, SystemClock().now())
        if not count:
            raise Fault(
                f"Job {job_id} can't be tried again: it is in progress or finished, a later "
                "update took its place, or there is none. `dbaccess jobs` lists them."
            )
    behind = f", with {count - 1} behind it" if count > 1 else ""
    typer.echo(f"Job {job_id} is tried again now{behind}.")


def retry_all(error: str) -> None:
    """Have all messages tried again now that were given up with an error."""
    with _changing() as session:
        count = job_list.retry_all(session, error, SystemClock().now())
    what = "1 message is" if count == 1 else f"{count} messages are"
    typer.echo(f"{what} tried again now.")


def drop_job(job_id: int) -> None:
    """Give up a job that waits.

    Raises:
        typer.Exit: 1 where there is no such job.
    """
    with _changing() as session:
        if not job_list.drop(session, job_id, SystemClock().now()):
            raise Fault(f"No job {job_id} is waiting. `dbaccess jobs` lists them.")
    typer.echo(f"Job {job_id} is dropped.")


@contextmanager
def _changing() -> Iterator[Session]:
    """Open a transaction, report what goes wrong in it, and wake the workers after it."""
    database = _database()
    with frame.telling_faults():
        with database.transaction() as session:
            yield session
        signal(database)


def _database() -> Database:
    settings = frame.settings()
    return Database(settings.database_url, settings.audit_keys(), operator=current_operator())


def _as_dict(job: ListedJob) -> dict[str, object]:
    times = {"created_at": utc_time(job.created_at), "due_at": utc_time(job.due_at)}
    return asdict(job) | times | {"state": _state(job)}


def _state(job: ListedJob) -> str:
    if job.outcome:
        return job.outcome
    if job.is_held:
        return "held"
    return "in progress" if job.is_in_progress else "waiting"


def _print(found: Sequence[ListedJob], now: datetime) -> None:
    table = Table("id", "kind", "about", "state", "age", "attempts", "next", "last error", box=None)
    for job in found:
        left = job.due_at - now
        is_later = not job.outcome and left.total_seconds() > 0
        table.add_row(
            str(job.id),
            job.kind,
            one_line(job.about),
            _state(job),
            show_duration(now - job.created_at),
            str(job.attempts),
            f"in {show_duration(left)}" if is_later else "",
            one_line(job.error),
        )
    Console(markup=False, emoji=False).print(table)
