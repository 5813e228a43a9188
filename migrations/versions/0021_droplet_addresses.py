"""grants: from where Droplets could connect that they let in."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    addresses = sa.Column(
        "droplet_addresses", sa.String(), nullable=False, server_default=sa.text("''")
    )
    op.add_column("grants", addresses)


def downgrade() -> None:
    op.drop_column("grants", "droplet_addresses")
