"""What stood in a form whose owner went to have their address read."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("ip_links", sa.Column("form", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("ip_links", "form")
