"""indices for what has not ended, so that a long history costs the worker nothing."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_NOT_ENDED = "state != 'ended'"
_MOVING = "state IN ('applying', 'removing')"
_INDICES = {
    "ix_grants_ending": (["expires_at"], _NOT_ENDED),
    "ix_grants_live_alias": (["cluster", "requester"], _NOT_ENDED),
    "ix_grants_moving": (["cluster_id"], _MOVING),
    "ix_grants_unwarned": (["adopted", "expires_at"], "state = 'active' AND warned_at IS NULL"),
}


def upgrade() -> None:
    for name, (columns, condition) in _INDICES.items():
        where = sa.text(condition)
        op.create_index(name, "grants", columns, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    for name in _INDICES:
        op.drop_index(name, "grants")
