"""the audit may be keyed and counts without a gap; used addresses for answers are erased."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_MISSING = "SELECT coalesce(max(id), 0) - count(*) FROM audit"
_PLACES = (  # two steps: no number may stand twice on the way
    "UPDATE audit SET id = -places.place FROM (SELECT id AS number, row_number() OVER (ORDER BY id)"
    " AS place FROM audit) AS places WHERE audit.id = places.number"
)
_UNSIGNED = "UPDATE audit SET id = -id"


_ERASED = (  # addresses for answers that were given, or that nobody will give
    "UPDATE outbox SET response_url = NULL WHERE done_at IS NOT NULL",
    "UPDATE errands SET reply = '{}' WHERE done_at IS NOT NULL",
    "UPDATE ip_links SET response_url = NULL WHERE used_at IS NOT NULL",
    "UPDATE ip_links SET response_url = NULL WHERE expires_at < CURRENT_TIMESTAMP",
)


def upgrade() -> None:
    key = sa.Column("key", sa.String(16), nullable=False, server_default=sa.text("''"))
    op.add_column("audit", key)
    op.create_table(
        "periodic",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
    )
    for statement in _ERASED:
        op.execute(statement)
    if op.get_bind().execute(sa.text(_MISSING)).scalar():
        _close_gaps()


def downgrade() -> None:
    op.drop_table("periodic")
    op.drop_column("audit", "key")


def _close_gaps() -> None:
    """Number the rows by their places: PostgreSQL's counter left gaps. No digest is of a number."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE audit DISABLE TRIGGER audit_is_append_only")
        op.execute(_PLACES)
        op.execute(_UNSIGNED)
        op.execute("ALTER TABLE audit ENABLE TRIGGER audit_is_append_only")
        return
    op.execute("DROP TRIGGER audit_has_no_update")
    op.execute(_PLACES)
    op.execute(_UNSIGNED)
    op.execute(
        "CREATE TRIGGER audit_has_no_update BEFORE UPDATE ON audit "
        "BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END"
    )
