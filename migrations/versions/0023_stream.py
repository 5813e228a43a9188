"""How far the audit was sent to the stream's receiver."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "stream",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("number", number, nullable=False, server_default=sa.text("0")),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True)),
        sa.Column("failures", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("failing_since", sa.DateTime(timezone=True)),
        sa.Column("due_at", sa.DateTime(timezone=True)),
        sa.Column("error", sa.String(), nullable=False, server_default=sa.text("''")),
        sa.Column("told_at", sa.DateTime(timezone=True)),
    )


def downgrade() -> None:
    op.drop_table("stream")
