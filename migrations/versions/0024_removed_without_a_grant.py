"""clusters: whose rules are being removed that no grant accounts for."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    removing = sa.Column("removing", sa.String(), nullable=False, server_default=sa.text("''"))
    op.add_column("clusters", removing)


def downgrade() -> None:
    op.drop_column("clusters", "removing")
