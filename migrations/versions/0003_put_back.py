"""what was removed outside can be put back: the request says which grant it puts back."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("requests", sa.Column("puts_back", sa.Integer(), nullable=True))
    op.create_index("ix_requests_puts_back", "requests", ["puts_back"])


def downgrade() -> None:
    op.drop_index("ix_requests_puts_back", "requests")
    op.drop_column("requests", "puts_back")
