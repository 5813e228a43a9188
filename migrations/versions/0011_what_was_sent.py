"""grants: when their rule was sent; clusters: whose rules are described, and since when open."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_COUNTS = ("label_losses", "open_alarms")
_TIMES = ("labels_told_at", "open_since", "open_alarm_at")


def upgrade() -> None:
    op.execute("ALTER TABLE grants RENAME COLUMN placing_since TO sent_at")
    # Before, it was noted for every new grant. Those that were never tried have no rule of ours.
    op.execute("UPDATE grants SET sent_at = NULL WHERE owned = false")
    op.execute("UPDATE grants SET sent_at = approved_at WHERE owned = true AND sent_at IS NULL")
    op.add_column("grants", sa.Column("delayed_at", sa.DateTime(timezone=True), nullable=True))
    described = sa.Column("described", sa.String(), nullable=False, server_default=sa.text("''"))
    op.add_column("clusters", described)
    for name in _COUNTS:
        count = sa.Column(name, sa.Integer(), nullable=False, server_default=sa.text("0"))
        op.add_column("clusters", count)
    for name in _TIMES:
        op.add_column("clusters", sa.Column(name, sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    for name in (*_TIMES, *_COUNTS, "described"):
        op.drop_column("clusters", name)
    op.drop_column("grants", "delayed_at")
    op.execute("ALTER TABLE grants RENAME COLUMN sent_at TO placing_since")
