"""what an adopted rule said before it got our label, so that it gets that back."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("grants", sa.Column("earlier_description", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("grants", "earlier_description")
