"""who asked for somebody else, and what was known of those concerned when it was approved"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("requests", sa.Column("asked_by", sa.String(32), nullable=True))
    op.add_column("requests", sa.Column("concerned", sa.JSON(), nullable=True))
    op.create_index("ix_requests_extends", "requests", ["extends"])


def downgrade() -> None:
    op.drop_index("ix_requests_extends", "requests")
    op.drop_column("requests", "concerned")
    op.drop_column("requests", "asked_by")
