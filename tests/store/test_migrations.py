"""The migrations make just the tables that the models speak of, and can be taken back."""

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect
from sqlmodel import SQLModel

from bot.store import schema, tables
from bot.store.database import Database

TABLES = {
    row.__tablename__
    for row in (
        tables.RequestRow,
        tables.DecisionRow,
        tables.GrantRow,
        tables.ClusterRow,
        tables.AuditRow,
        tables.OutboxRow,
        tables.PostRow,
        tables.ErrandRow,
        tables.HeartbeatRow,
        tables.HomeRow,
        tables.IpLinkRow,
    )
}


def tables_in(database: Database) -> set[str]:
    return set(inspect(database.engine).get_table_names())


def test_an_empty_database_is_brought_up_to_date(empty_database: Database) -> None:
    assert schema.current_revision(empty_database) is None
    assert not schema.is_current(empty_database)

    schema.upgrade(empty_database)

    assert schema.is_current(empty_database)
    assert schema.current_revision(empty_database) == schema.newest_revision()
    assert tables_in(empty_database) == {*TABLES, "alembic_version"}


def test_models_and_migrations_agree(database: Database) -> None:
    with database.engine.begin() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, SQLModel.metadata) == []


def test_alembic_finds_nothing_to_migrate(database: Database) -> None:
    with database.engine.begin() as connection:
        command.check(schema.alembic_config(connection))


def test_the_schema_can_be_taken_back_and_made_again(database: Database) -> None:
    schema.downgrade(database, "base")
    assert tables_in(database) == {"alembic_version"}
    assert not schema.is_current(database)

    schema.upgrade(database)
    assert schema.is_current(database)
    assert tables_in(database) == {*TABLES, "alembic_version"}


def test_an_upgrade_of_what_is_up_to_date_changes_nothing(database: Database) -> None:
    before = tables_in(database)
    schema.upgrade(database)
    assert tables_in(database) == before
