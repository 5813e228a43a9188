"""`dbaccess audit erase`: erase personal data from the terminal."""

from datetime import datetime

import typer

from bot.access import retention
from bot.cli import frame
from bot.cli.operators import current_operator
from bot.cli.since import parse_since
from bot.clock import SystemClock
from bot.core import build_core
from bot.faults import Fault
from bot.store.erasure import Erasable


def erase_personal_data(typed: str, *, is_confirmed: bool) -> None:
    """Erase personal data from before a time, once it was confirmed.

    Raises:
        typer.Exit: 1 where what was typed is no time that has passed.
        typer.Abort: it was not confirmed.
    """
    now = SystemClock().now()
    with frame.telling_faults():
        before = _time(typed, now)
    settings, policy = frame.configuration()
    core = build_core(settings, policy, operator=current_operator())
    with frame.telling_faults():
        with core.database.reading() as session:
            found = retention.erasable(session, policy, before, now)
        until = f"from before {before:%Y-%m-%d %H:%M} UTC"
        if found.fixed:
            fixed = _counted(found.fixed, "row")
            typer.echo(f"{fixed} {until} can't be erased: an older version wrote them.", err=True)
        if not (found.rows or found.requests):
            typer.echo(f"No personal data {until} to erase.")
            return
        if not is_confirmed:
            question = f"Erase personal data {until} in {_what(found)}? It cannot be restored."
            typer.confirm(question, abort=True)
        retention.erase_all(core.access, before)
    typer.echo(f"Erased personal data {until} in {_what(found)}.")


def _time(typed: str, now: datetime) -> datetime:
    before = parse_since(typed, now)
    if before > now:
        raise Fault(f"`{typed}` is in the future. --before takes a time that has passed.")
    return before


def _what(found: Erasable) -> str:
    rows, requests = _counted(found.rows, "row"), _counted(found.requests, "request")
    return f"{rows} of the audit and {requests}"


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"
