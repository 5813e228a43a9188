"""The schema's version: bring a database up to date, or tell that it is not."""

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from bot.store.database import Database
from bot.store.timeouts import lift_timeouts


def migrations_folder() -> Path:
    """Return where the migrations are: in the checkout, or inside the installed package."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "migrations"
    return installed if installed.is_dir() else package.parent / "migrations"


def alembic_config(connection: Connection | None = None) -> Config:
    """Return Alembic's configuration; commands run on *connection* if it is given."""
    config = Config()
    config.set_main_option("script_location", str(migrations_folder()))
    config.attributes["connection"] = connection
    return config


def upgrade(database: Database, revision: str = "head") -> None:
    """Bring the schema up to *revision*, in one transaction."""
    with database.engine.begin() as connection:
        lift_timeouts(connection)
        command.upgrade(alembic_config(connection), revision)


def downgrade(database: Database, revision: str) -> None:
    """Take the schema back to *revision*, in one transaction."""
    with database.engine.begin() as connection:
        lift_timeouts(connection)
        command.downgrade(alembic_config(connection), revision)


@cache
def newest_revision() -> str | None:
    """Return the revision that this version of dbaccess works with."""
    return ScriptDirectory.from_config(alembic_config()).get_current_head()


def current_revision(database: Database) -> str | None:
    """Return the database's revision, None for an empty one, without waiting for a writer."""
    with database.engine.execution_options(reading=True).connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def is_current(database: Database) -> bool:
    """Tell whether the database has the schema that this version works with."""
    return current_revision(database) == newest_revision()
