"""Alembic's entry: runs the migrations on the connection that `bot.store.schema` hands in."""

import os

from alembic import context
from sqlalchemy import Connection
from sqlmodel import SQLModel

from bot.config import database_url
from bot.store import tables
from bot.store.database import Database

_ = tables  # its import fills the metadata


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        compare_type=True,
        compare_server_default=True,
        render_as_batch=connection.dialect.name == "sqlite",
    )
    with context.begin_transaction():
        context.run_migrations()


given: Connection | None = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:  # `alembic revision --autogenerate` at a developer's prompt
    url = database_url(os.environ.get("DATABASE_URL", "sqlite:///dbaccess.db"))
    with Database(url).engine.begin() as own:
        run(own)
