"""what the requester was to the workspace, and which grants are emergencies."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    standing = sa.Column("standing", sa.String(32), nullable=False, server_default="unknown")
    op.add_column("requests", standing)
    emergency = sa.Column("emergency", sa.Boolean, nullable=False, server_default=sa.false())
    op.add_column("grants", emergency)
    op.execute(
        "UPDATE grants SET emergency = true "
        "WHERE id IN (SELECT id FROM requests WHERE kind = 'emergency')"
    )


def downgrade() -> None:
    op.drop_column("grants", "emergency")
    op.drop_column("requests", "standing")
