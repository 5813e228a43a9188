"""`dbaccess migrate`: bring the database's schema up to date."""

import typer

from bot.cli import frame
from bot.store import schema
from bot.store.database import Database


def migrate() -> None:
    """Bring the schema up to date, and say from which revision to which."""
    settings = frame.settings()
    database = Database(settings.database_url)
    with frame.telling_faults():
        before = schema.current_revision(database)
        schema.upgrade(database)
        after = schema.current_revision(database)
    typer.echo(f"schema: {before or 'empty'} -> {after}")
