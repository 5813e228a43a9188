"""jobs: the outbox and the errands become one table; a Home is drawn when it is opened again."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_WAITING = sa.text("finished_at IS NULL")
_OWED = sa.text("done_at IS NULL")
_TIME = sa.DateTime(timezone=True)
_PATIENCE = {
    "message": timedelta(days=3),
    "reply": timedelta(hours=1),
    "command": timedelta(hours=1),
}


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "jobs",
        sa.Column("id", number, primary_key=True),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("ordering_key", sa.String(length=255), nullable=False),
        sa.Column("coalescing_key", sa.String(length=255), nullable=True),
        sa.Column("unique_key", sa.String(length=255), nullable=True, unique=True),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("reply_address", sa.String(), nullable=True),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("due_at", _TIME, nullable=False),
        sa.Column("claimed_until", _TIME, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("unknown_failures", sa.Integer(), nullable=False),
        sa.Column("deadline", _TIME, nullable=False),
        sa.Column("held_since", _TIME, nullable=True),
        sa.Column("last_error", sa.String(), nullable=False),
        sa.Column("finished_at", _TIME, nullable=True),
        sa.Column("outcome", sa.String(length=32), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_jobs_finished_at", "jobs", ["finished_at"])
    for name, columns in (
        ("ix_jobs_waiting", ["kind", "ordering_key", "id"]),
        ("ix_jobs_due", ["kind", "due_at"]),
    ):
        op.create_index(name, "jobs", columns, sqlite_where=_WAITING, postgresql_where=_WAITING)
    _take_over_messages()
    _take_over_commands()
    op.drop_table("outbox")
    op.drop_table("errands")
    op.drop_index("ix_homes_due_at", "homes")
    with op.batch_alter_table("homes") as homes:
        for column in ("changes", "due_at", "claimed_until"):
            homes.drop_column(column)


def downgrade() -> None:
    """Go back, without what waits: it is not told or carried out."""
    op.drop_table("jobs")
    with op.batch_alter_table("homes") as homes:
        homes.add_column(sa.Column("changes", sa.Integer(), nullable=False, server_default="0"))
        homes.add_column(sa.Column("due_at", _TIME, nullable=True))
        homes.add_column(sa.Column("claimed_until", _TIME, nullable=True))
    with op.batch_alter_table("homes") as homes:
        homes.alter_column("changes", server_default=None)
    op.create_index("ix_homes_due_at", "homes", ["due_at"])
    _create_outbox()
    _create_errands()


def _take_over_messages() -> None:
    """Add a job for each message that was not delivered."""
    outbox = sa.table(
        "outbox",
        *(sa.column(name) for name in ("id", "conversation", "way", "target", "post")),
        sa.column("response_url"),
        sa.column("notice", sa.JSON()),
        sa.column("created_at", _TIME),
        sa.column("due_at", _TIME),
        sa.column("done_at", _TIME),
    )
    waiting = sa.select(outbox).where(outbox.c.done_at.is_(None)).order_by(outbox.c.id)
    for row in op.get_bind().execute(waiting).mappings().all():
        payload = {"notice": row["notice"]}
        if row["way"] == "reply":
            payload["user_id"] = row["target"]
            _add("reply", row, f"reply:{row['id']}", payload, reply_address=row["response_url"])
            continue
        payload |= {"method": row["way"], "target": row["target"], "post": row["post"]}
        is_update = row["way"] == "update"
        _add(
            "message",
            row,
            row["conversation"],
            payload,
            coalescing_key=f"update:{row['post']}" if is_update else None,
            unique_key=f"post:{row['post']}" if row["way"] == "post" and row["post"] else None,
        )


def _take_over_commands() -> None:
    """Add a job for each command that waits, and for those of the last day.

    So a command that was carried out is known if Slack delivers it again.
    """
    errands = sa.table(
        "errands",
        *(sa.column(name) for name in ("id", "origin", "user_id", "team_id", "outcome")),
        sa.column("command", sa.JSON()),
        sa.column("reply", sa.JSON()),
        sa.column("received_at", _TIME),
        sa.column("due_at", _TIME),
        sa.column("done_at", _TIME),
    )
    yesterday = datetime.now(UTC) - timedelta(days=1)
    is_needed = sa.or_(errands.c.done_at.is_(None), errands.c.done_at > yesterday)
    needed = sa.select(errands).where(is_needed).order_by(errands.c.id)
    for row in op.get_bind().execute(needed).mappings().all():
        payload = {name: row[name] for name in ("command", "user_id", "team_id", "origin")}
        is_done = row["done_at"] is not None
        _add(
            "command",
            row,
            row["origin"],
            {} if is_done else payload,
            unique_key=row["origin"],
            reply_address=None if is_done else row["reply"].get("response_url"),
            finished_at=row["done_at"],
            outcome=row["outcome"],
        )


def _add(
    kind: str, row: Mapping[Any, Any], ordering_key: str, payload: dict[str, Any], **more: Any
) -> None:
    columns = [
        *("kind", "ordering_key", "coalescing_key", "unique_key", "reply_address"),
        *("attempts", "unknown_failures", "last_error", "outcome"),
    ]
    times = ("created_at", "due_at", "deadline", "finished_at")
    jobs = sa.table(
        "jobs",
        *(sa.column(name) for name in columns),
        sa.column("payload", sa.JSON()),
        *(sa.column(name, _TIME) for name in times),
    )
    values = {
        "kind": kind,
        "ordering_key": ordering_key,
        "payload": payload,
        "created_at": row.get("created_at") or row["received_at"],
        "due_at": row["due_at"],
        "deadline": row["due_at"] + _PATIENCE[kind],
        "attempts": 0,
        "unknown_failures": 0,
        "last_error": "",
        "outcome": "",
    }
    op.get_bind().execute(sa.insert(jobs).values(values | more))


def _create_outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("conversation", sa.String(255), nullable=False),
        sa.Column("way", sa.String(32), nullable=False),
        sa.Column("target", sa.String(32), nullable=True),
        sa.Column("post", sa.String(64), nullable=True),
        sa.Column("response_url", sa.String(), nullable=True),
        sa.Column("notice", sa.JSON(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("due_at", _TIME, nullable=False),
        sa.Column("claimed_until", _TIME, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.String(), nullable=False),
        sa.Column("done_at", _TIME, nullable=True),
        sa.Column("delivered", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_outbox_done_at", "outbox", ["done_at"])
    op.create_index(
        "ix_outbox_owed",
        "outbox",
        ["conversation", "id"],
        sqlite_where=_OWED,
        postgresql_where=_OWED,
    )


def _create_errands() -> None:
    op.create_table(
        "errands",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("origin", sa.String(255), nullable=False),
        sa.Column("user_id", sa.String(32), nullable=False),
        sa.Column("team_id", sa.String(32), nullable=False),
        sa.Column("command", sa.JSON(), nullable=False),
        sa.Column("reply", sa.JSON(), nullable=False),
        sa.Column("received_at", _TIME, nullable=False),
        sa.Column("due_at", _TIME, nullable=False),
        sa.Column("claimed_until", _TIME, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("done_at", _TIME, nullable=True),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("origin"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_errands_open",
        "errands",
        ["due_at"],
        sqlite_where=_OWED,
        postgresql_where=_OWED,
    )
