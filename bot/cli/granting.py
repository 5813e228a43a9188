"""`dbaccess grants`: who has access, to what, until when."""

import typer

from bot.cli import console, frame, listing
from bot.clock import SystemClock
from bot.store import grants
from bot.store.database import Database


def show_grants(*, ended_too: bool, as_json: bool) -> None:
    """Print the grants, those that have ended too if asked for."""
    database = Database(frame.settings().database_url)
    with frame.telling_faults(), database.reading() as session:
        found = grants.listing(session, ended_too=ended_too)
    if as_json:
        typer.echo(listing.grants_json(found))
    else:
        console.show_grants(found, SystemClock().now())
