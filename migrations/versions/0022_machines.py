"""Machines may ask: names of any length that theirs have, their jobs, and keys to ask twice."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_NAMES = (("requests", "requester"), ("grants", "requester"), ("grants", "revoked_by"))


def upgrade() -> None:
    op.add_column("requests", sa.Column("details", sa.JSON, nullable=True))
    if op.get_bind().dialect.name == "postgresql":  # SQLite's texts are as long as they are
        for table, column in _NAMES:
            op.alter_column(table, column, type_=sa.String(288))
    op.create_table(
        "idempotency_keys",
        sa.Column("id", sa.String(length=64), primary_key=True),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("answer", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_idempotency_keys_created_at", "idempotency_keys", ["created_at"])


def downgrade() -> None:
    op.drop_table("idempotency_keys")
    if op.get_bind().dialect.name == "postgresql":
        for table, column in _NAMES:
            op.alter_column(
                table, column, type_=sa.String(32), postgresql_using=f"left({column}, 32)"
            )
    op.drop_column("requests", "details")
