"""The schema's version: bring a database up to date, or tell that it is not.

Alembic is loaded where there is something to migrate: a process that only asks does without it.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, inspect, text

from bot.store.database import Database

if TYPE_CHECKING:
    from alembic.config import Config

_NEWEST = "head"


def migrations_folder() -> Path:
    """Return where the migrations are: in the checkout, or inside the installed package."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "migrations"
    return installed if installed.is_dir() else package.parent / "migrations"


def alembic_config(connection: Connection | None = None) -> "Config":
    """Return Alembic's configuration; commands run on *connection* if it is given."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(migrations_folder()))
    config.attributes["connection"] = connection
    return config


def upgrade(database: Database, revision: str = _NEWEST) -> None:
    """Bring the schema up to *revision*, in one transaction."""
    if revision == _NEWEST and is_current(database):
        return
    from alembic import command

    _migrate(database, command.upgrade, revision)


def downgrade(database: Database, revision: str) -> None:
    """Take the schema back to *revision*, in one transaction."""
    from alembic import command

    _migrate(database, command.downgrade, revision)


@cache
def newest_revision() -> str:
    """Return the revision that this version of dbaccess works with.

    Each is the number that its file's name begins with.
    """
    files = (migrations_folder() / "versions").glob("[0-9]*.py")
    return max(file.name.partition("_")[0] for file in files)


def current_revision(database: Database) -> str | None:
    """Return the database's revision, None for an empty one, without waiting for a writer."""
    with database.engine.execution_options(reading=True).connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        return None if found is None else str(found)


def is_current(database: Database) -> bool:
    """Tell whether the database has the schema that this version works with."""
    return current_revision(database) == newest_revision()


def _migrate(database: Database, migrate: Callable[[Any, str], None], revision: str) -> None:
    with database.engine.begin() as connection:
        if not database.is_sqlite:
            from bot.store.timeouts import lift_timeouts

            lift_timeouts(connection)
        migrate(alembic_config(connection), revision)
