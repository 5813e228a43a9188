"""emergencies, adoptions, reminders, shorter approvals, Home tabs, address links.

The columns are added and dropped one by one, without copying tables: `requests` is referred to
by others, and a copy would have to drop it for a moment.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_EMPTY = sa.text("''")
_TO_REMIND = sa.text("remind_at IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "homes",
        sa.Column("user_id", sa.String(32), nullable=False),
        sa.Column("team_id", sa.String(32), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approves", sa.JSON(), nullable=False),
        sa.Column("changes", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("user_id"),
    )
    op.create_index("ix_homes_due_at", "homes", ["due_at"])
    op.create_index("ix_homes_opened_at", "homes", ["opened_at"])
    op.create_table(
        "ip_links",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("user_id", sa.String(32), nullable=False),
        sa.Column("team_id", sa.String(32), nullable=False),
        sa.Column("response_url", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_ip_links_expires_at", "ip_links", ["expires_at"])
    op.add_column("clusters", sa.Column("attempt_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("decisions", sa.Column("at_most_seconds", sa.Integer(), nullable=True))
    for table in ("grants", "requests"):
        name = sa.Column("source_name", sa.String(255), nullable=False, server_default=_EMPTY)
        op.add_column(table, name)
    op.add_column(
        "grants", sa.Column("adopted", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.add_column(
        "requests", sa.Column("kind", sa.String(32), nullable=False, server_default="access")
    )
    at = sa.DateTime(timezone=True)
    op.add_column("requests", sa.Column("remind_at", at, nullable=True))
    op.add_column("requests", sa.Column("reviewed_by", sa.String(32), nullable=True))
    op.add_column("requests", sa.Column("reviewed_at", at, nullable=True))
    if op.get_bind().dialect.name == "postgresql":  # SQLite's integers are large as they are
        op.alter_column("requests", "duration_seconds", type_=sa.BigInteger())
    op.create_index(
        "ix_requests_remind",
        "requests",
        ["remind_at"],
        sqlite_where=_TO_REMIND,
        postgresql_where=_TO_REMIND,
    )


def downgrade() -> None:
    op.drop_index("ix_requests_remind", "requests")
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("requests", "duration_seconds", type_=sa.Integer())
    for column in ("reviewed_at", "reviewed_by", "remind_at", "kind", "source_name"):
        op.drop_column("requests", column)
    op.drop_column("grants", "adopted")
    op.drop_column("grants", "source_name")
    op.drop_column("decisions", "at_most_seconds")
    op.drop_column("clusters", "attempt_at")
    op.drop_table("ip_links")
    op.drop_table("homes")
