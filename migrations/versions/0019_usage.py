"""Whether anybody connected through access, where sessions are set up."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "grant_usage",
        sa.Column(
            "grant_id",
            sa.Integer(),
            sa.ForeignKey("grants.id"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("unseen_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_whole", sa.Boolean(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=True),
    )
    op.add_column(
        "grants", sa.Column("unused", sa.Boolean(), nullable=False, server_default=sa.false())
    )


def downgrade() -> None:
    op.drop_column("grants", "unused")
    op.drop_table("grant_usage")
