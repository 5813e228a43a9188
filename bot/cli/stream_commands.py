"""What `dbaccess stream` does."""

import json
from contextlib import closing

import typer
from sqlmodel import Session

from bot.cli import frame
from bot.cli.listing import utc_time
from bot.cli.operators import current_operator
from bot.cli.since import parse_since
from bot.clock import SystemClock
from bot.config import Settings
from bot.domain.actors import Actor
from bot.domain.audit_actions import Action
from bot.domain.durations import show_duration
from bot.domain.policy import Policy
from bot.faults import Fault
from bot.retry import TemporaryError
from bot.store import audit, stream
from bot.store.database import Database
from bot.store.stream import Cursor, Lag
from bot.stream.receiver import Receiver, send_ping
from bot.stream.replay import Replay, delivered_from, send_again


def show_stream(*, as_json: bool) -> None:
    """Print how far the receiver is, and why it is not further.

    Raises:
        typer.Exit: 1 where no stream is set up.
    """
    settings, policy = frame.configuration()
    with frame.telling_faults():
        place = _receiver(policy).place
        with Database(settings.database_url).reading() as session:
            cursor = stream.cursor(session)
            lag = stream.lag(session, cursor)
    if as_json:
        typer.echo(json.dumps(_as_dict(place, cursor, lag), indent=2))
        return
    for line in _lines(place, cursor, lag):
        typer.echo(line)


def ping_receiver() -> None:
    """Send a test event.

    Raises:
        typer.Exit: 1 where no stream is set up, or where it is not taken.
    """
    settings, policy = frame.configuration()
    with frame.telling_faults():
        receiver = _receiver(policy)
        try:
            event = send_ping(receiver, settings.stream_keys(), policy.instance)
        except TemporaryError as error:
            raise Fault(f"{receiver.place}: {_ended(error)}") from error
    typer.echo(f"{receiver.place} took the test event {event.id}.")


def replay_rows(*, since: str | None, first: int | None, dry_run: bool) -> None:
    """Send rows again, from a time or a row on.

    Raises:
        typer.Exit: 1 where there is no stream or no such row, or where they are not taken.
    """
    settings, policy = frame.configuration()
    database = Database(settings.database_url, settings.audit_keys(), operator=current_operator())
    with frame.telling_faults(), closing(_receiver(policy)) as receiver:
        with database.reading() as session:
            rows = delivered_from(session, first or _first_since(session, since or ""))
        if not rows:
            raise Fault("None of these rows was delivered yet. The worker sends them.")
        what = f"{_rows(len(rows))}, {rows.first:,} to {rows.last:,}"
        if dry_run:
            typer.echo(f"Would send {what}, to {receiver.place}.")
            return
        _record(database, rows)
        _send(rows, database, receiver, settings, policy)
    typer.echo(f"Sent {what}, to {receiver.place}.")


def _send(
    rows: Replay, database: Database, receiver: Receiver, settings: Settings, policy: Policy
) -> None:
    sent = rows.first - 1
    try:
        for number in send_again(
            rows, database, receiver, settings.stream_keys(), policy.instance, SystemClock()
        ):
            sent = number
    except TemporaryError as error:
        raise Fault(
            f"{receiver.place}: {_ended(error)} To go on: "
            f"`dbaccess stream replay --from {sent + 1}`."
        ) from error


def _record(database: Database, rows: Replay) -> None:
    with database.transaction() as session:
        audit.record(
            session,
            Action.STREAM_REPLAYED,
            at=SystemClock().now(),
            actor=Actor.OPERATOR,
            first=rows.first,
            last=rows.last,
        )


def _receiver(policy: Policy) -> Receiver:
    if policy.stream is None:
        raise Fault("No stream is set up: dbaccess.toml has no [stream].")
    return Receiver(policy.stream.url)


def _first_since(session: Session, typed: str) -> int:
    first = stream.first_since(session, parse_since(typed, SystemClock().now()))
    if first is None:
        raise Fault(f"There are no rows since {typed}.")
    return first


def _as_dict(place: str, cursor: Cursor, lag: Lag) -> dict[str, object]:
    return {
        "receiver": place,
        "delivered": cursor.number,
        "delivered_at": cursor.delivered_at and utc_time(cursor.delivered_at),
        "waiting": lag.rows,
        "oldest_at": lag.oldest_at and utc_time(lag.oldest_at),
        "failing_since": cursor.failing_since and utc_time(cursor.failing_since),
        "error": cursor.error or None,
        "failures": cursor.failures,
        "next_try_at": utc_time(cursor.due_at) if cursor.failures and cursor.due_at else None,
    }


def _lines(place: str, cursor: Cursor, lag: Lag) -> list[str]:
    now = SystemClock().now()
    last = (
        f", the last {show_duration(now - cursor.delivered_at)} ago" if cursor.delivered_at else ""
    )
    lines = [
        f"receiver   {place}",
        f"delivered  {_rows(cursor.number)}{last}",
        f"waiting    {_rows(lag.rows)}"
        + (f", the oldest for {show_duration(now - lag.oldest_at)}" if lag.oldest_at else ""),
    ]
    if cursor.failing_since and cursor.due_at:
        left = cursor.due_at - now
        next_try = f"in {show_duration(left)}" if left.total_seconds() > 0 else "now"
        since = show_duration(now - cursor.failing_since)
        lines.append(f"failing    for {since}: {_ended(cursor.error)} Next try {next_try}.")
    return lines


def _ended(error: object) -> str:
    """Return why it failed, as a sentence; some reasons are questions."""
    words = str(error)
    return words if words.endswith("?") else f"{words}."


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"
