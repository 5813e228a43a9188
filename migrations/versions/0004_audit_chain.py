"""the audit is a chain: each row carries a digest, and the database lets none be changed.

What a digest says is written out here once more, as it was at this revision.
"""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_AUDIT = sa.table(
    "audit",
    sa.column("id", sa.Integer),
    sa.column("at", sa.DateTime(timezone=True)),
    sa.column("action", sa.String),
    sa.column("actor", sa.String),
    sa.column("cluster", sa.String),
    sa.column("request_id", sa.Integer),
    sa.column("detail", sa.JSON),
    sa.column("digest", sa.String),
)
_FUNCTION = """
CREATE FUNCTION dbaccess_audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the audit is append-only';
END $$
"""


def upgrade() -> None:
    digest = sa.Column("digest", sa.String(64), nullable=False, server_default=sa.text("''"))
    op.add_column("audit", digest)
    _chain_what_is_there()
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_FUNCTION)
        op.execute(
            "CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
            "EXECUTE FUNCTION dbaccess_audit_is_append_only()"
        )
        return
    for change in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER audit_has_no_{change.lower()} BEFORE {change} ON audit "
            "BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END"
        )


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER audit_is_append_only ON audit")
        op.execute("DROP FUNCTION dbaccess_audit_is_append_only()")
    else:
        op.execute("DROP TRIGGER audit_has_no_update")
        op.execute("DROP TRIGGER audit_has_no_delete")
    op.drop_column("audit", "digest")


def _chain_what_is_there() -> None:
    head = "0" * 64
    rows = op.get_bind().execute(sa.select(_AUDIT).order_by(_AUDIT.c.id)).mappings().all()
    for row in rows:
        said = json.dumps(_facts(row), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        head = hashlib.sha256(f"{head}\n{said}".encode()).hexdigest()
        op.execute(_AUDIT.update().where(_AUDIT.c.id == row["id"]).values(digest=head))


def _facts(row: Any) -> dict[str, Any]:
    at: datetime = row["at"]
    utc = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    rest = {name: row[name] for name in ("action", "actor", "cluster", "request_id", "detail")}
    return {**rest, "at": utc.isoformat()}
