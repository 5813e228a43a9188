"""How many calls of the provider's API each process made, so that several share the limit."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "api_calls",
        sa.Column("process", sa.String(length=64), primary_key=True),
        sa.Column("purpose", sa.String(length=32), primary_key=True),
        sa.Column("began_at", sa.DateTime(timezone=True), primary_key=True),
        sa.Column("count", sa.Integer(), nullable=False),
    )
    op.create_index("ix_api_calls_began_at", "api_calls", ["began_at"])


def downgrade() -> None:
    op.drop_table("api_calls")
