"""periodic_jobs: when each ran, and since when it fails; periodic is called turns."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.rename_table("periodic", "turns")
    op.create_table(
        "periodic_jobs",
        sa.Column("name", sa.String(length=64), primary_key=True),
        sa.Column("interval_seconds", sa.Float(), nullable=False),
        sa.Column("ran_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
    )


def downgrade() -> None:
    op.drop_table("periodic_jobs")
    op.rename_table("turns", "periodic")
