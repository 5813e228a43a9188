"""grants: when their rule was sent, not when it might be; clusters: descriptions, and being open."""

from datetime import datetime

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE grants RENAME COLUMN placing_since TO sent_at")
    # Before, it was noted for every new grant. Those that were never tried have no rule of ours.
    op.execute("UPDATE grants SET sent_at = NULL WHERE owned = false")
    op.add_column("grants", sa.Column("delayed_at", sa.DateTime(timezone=True), nullable=True))
    told_at, since = _times("labels_told_at", "open_since")
    described = sa.Column("described", sa.String(), nullable=False, server_default=sa.text("''"))
    for column in (
        described,
        _count("label_losses"),
        told_at,
        since,
        _count("open_alarms"),
        *_times("open_alarm_at"),
    ):
        op.add_column("clusters", column)


def downgrade() -> None:
    for name in (
        "open_alarm_at",
        "open_alarms",
        "open_since",
        "labels_told_at",
        "label_losses",
        "described",
    ):
        op.drop_column("clusters", name)
    op.drop_column("grants", "delayed_at")
    op.execute("ALTER TABLE grants RENAME COLUMN sent_at TO placing_since")


def _count(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False, server_default=sa.text("0"))


def _times(*names: str) -> list[sa.Column[datetime]]:
    return [sa.Column(name, sa.DateTime(timezone=True), nullable=True) for name in names]
