"""The migrations make just the tables that the models speak of, and can be taken back."""

import json
from datetime import UTC, datetime, timedelta

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text
from sqlmodel import SQLModel, col, select

from bot.domain.commands import RequestAccess
from bot.domain.lifecycle import RequestKind
from bot.store import jobs, requests, schema, tables
from bot.store.database import Database
from bot.store.deferred import deferred_command
from bot.store.jobs import Kind

TABLES = {
    row.__tablename__
    for row in (
        tables.ApiCallRow,
        tables.IssuerOutageRow,
        tables.RequestRow,
        tables.DecisionRow,
        tables.GrantRow,
        tables.GrantUsageRow,
        tables.ClusterRow,
        tables.AuditRow,
        tables.JobRow,
        tables.PostRow,
        tables.HeartbeatRow,
        tables.HomeRow,
        tables.IdempotencyKeyRow,
        tables.IpLinkRow,
        tables.PeriodicJobRow,
        tables.TurnRow,
        tables.StreamRow,
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


def test_rows_of_the_first_version_outlive_the_way_up_and_down(empty_database: Database) -> None:
    schema.upgrade(empty_database, "0001")
    with empty_database.engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO requests (id, cluster, source_type, source_value, duration_seconds, "
            "requester, reason, state, created_at, lapses_at) VALUES (7, 'orders', 'ip_addr', "
            "'203.0.113.4', 60, 'U0RITA', '', 'pending', '2026-11-25 09:00', '2026-11-25 13:00')"
        )
        connection.exec_driver_sql(
            "INSERT INTO decisions (request_id, approver, verdict, at, reason) "
            "VALUES (7, 'U0ALICE', 'approve', '2026-11-25 09:01', '')"
        )

    schema.upgrade(empty_database)

    with empty_database.reading() as session:
        request = requests.get(session, 7)
    assert request is not None
    assert request.kind is RequestKind.ACCESS
    assert request.approvers == ("U0ALICE",)
    schema.downgrade(empty_database, "0001")
    with empty_database.engine.begin() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM decisions").scalar() == 1


OWED_REPLY = (
    text(
        "INSERT INTO outbox (conversation, way, response_url, notice, created_at, due_at, "
        "attempts, last_error, delivered, done_at) "
        "VALUES (:name, 'reply', :url, '{}', :then, :then, 1, '', false, :done)"
    ),
    text(
        "INSERT INTO errands (origin, user_id, team_id, wish, reply, received_at, due_at, "
        "attempts, outcome, done_at) "
        "VALUES (:name, 'U0RITA', '', '{}', :reply, :then, :then, 1, '', :done)"
    ),
    text(
        "INSERT INTO ip_links (id, user_id, team_id, response_url, created_at, expires_at, "
        "used_at) VALUES (:name, 'U0RITA', '', :url, :then, '2199-01-01', :done)"
    ),
)


def test_a_command_that_was_saved_before_is_read_after_the_upgrade(
    empty_database: Database,
) -> None:
    schema.upgrade(empty_database, "0011")
    said = 'as "kind": "ask_for" says'
    wish = {
        "kind": "ask_for",
        "cluster": "orders",
        "source": {"type": "ip_addr", "value": "203.0.113.4"},
        "duration": "PT2H",
        "reason": said,
    }
    with empty_database.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO errands (origin, user_id, team_id, wish, reply, received_at, due_at, "
                "attempts, outcome) "
                "VALUES ('typed:1', 'U0RITA', '', :wish, '{}', :then, :then, 0, '')"
            ),
            {"wish": json.dumps(wish), "then": "2026-11-25 09:00"},
        )

    schema.upgrade(empty_database)

    now = datetime(2026, 11, 25, 10, tzinfo=UTC)
    until = now + timedelta(seconds=25)
    with empty_database.transaction() as session:
        [job] = jobs.claim(session, Kind.COMMAND, now, until=until, most=1, most_retried=1)
    saved = deferred_command(job)
    assert (saved.user_id, saved.origin) == ("U0RITA", "typed:1")
    assert isinstance(saved.command, RequestAccess)
    assert saved.command.reason == said
    schema.downgrade(empty_database, "0011")
    schema.upgrade(empty_database)


def test_p8_used_addresses_of_answers_from_before_are_erased(empty_database: Database) -> None:
    schema.upgrade(empty_database, "0005")
    url, then = "https://hooks.slack.com/commands/T1/2/3", "2026-11-25 09:00"
    given = {"url": url, "then": then, "reply": json.dumps({"response_url": url})}
    with empty_database.engine.begin() as connection:
        for name, done in (("used", then), ("owed", None)):
            for statement in OWED_REPLY:
                connection.execute(statement, {**given, "name": name, "done": done})

    schema.upgrade(empty_database)

    with empty_database.reading() as session:
        rows = session.exec(select(tables.JobRow).order_by(col(tables.JobRow.id))).all()
        assert [(row.kind, row.unique_key, row.reply_address) for row in rows] == [
            ("reply", None, url),
            ("command", "owed", url),
        ]
        links = session.exec(select(tables.IpLinkRow.id, tables.IpLinkRow.response_url))
        assert dict(links.all()) == {"used": None, "owed": url}


def test_messages_that_wait_are_jobs_after_the_upgrade(empty_database: Database) -> None:
    schema.upgrade(empty_database, "0013")
    add = text(
        "INSERT INTO outbox (conversation, way, target, post, notice, created_at, due_at, "
        "attempts, last_error, delivered, done_at) VALUES ('request:1', :way, :target, 'request:1',"
        " '{}', '2026-11-25 09:00', '2026-11-25 09:01', 1, '', false, :done)"
    )
    rows = (("post", "C0", "2026-11-25 09:01"), ("update", None, None), ("thread", None, None))
    with empty_database.engine.begin() as connection:
        for way, target, done in rows:
            connection.execute(add, {"way": way, "target": target, "done": done})

    schema.upgrade(empty_database)

    with empty_database.reading() as session:
        update, thread = session.exec(select(tables.JobRow).order_by(col(tables.JobRow.id)))
    assert [update.payload["method"], thread.payload["method"]] == ["update", "thread"]
    assert (update.ordering_key, update.coalescing_key) == ("request:1", "update:request:1")
    assert update.due_at == datetime(2026, 11, 25, 9, 1, tzinfo=UTC)
    assert (thread.coalescing_key, thread.unique_key, thread.finished_at) == (None, None, None)
