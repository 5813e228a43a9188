"""requests keep the end that was typed, as in `until 18:00`."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("requests", sa.Column("until", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Take the column back: what waits with such an end is then approved for its duration."""
    op.drop_column("requests", "until")
