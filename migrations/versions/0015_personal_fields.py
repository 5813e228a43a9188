"""personal fields of the audit are kept apart, and can be erased; requests note that they were.

Rows that are there stay as they are, in format 1: their digests cover all of their fields.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_UNERASED = sa.text("erased_at IS NULL")
_PERSONAL = sa.text("personal IS NOT NULL")
_NO_REMOVAL = """
CREATE TRIGGER audit_is_append_only BEFORE DELETE OR TRUNCATE ON audit
EXECUTE FUNCTION dbaccess_audit_is_append_only()
"""
_ONLY_ERASED = """
CREATE FUNCTION dbaccess_audit_is_only_erased() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.personal IS NULL AND OLD.personal IS NOT NULL
      AND to_jsonb(NEW) - 'personal' = to_jsonb(OLD) - 'personal' THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'the audit is append-only';
END $$
"""
_NO_OTHER_CHANGE = """
CREATE TRIGGER audit_is_only_erased BEFORE UPDATE ON audit
FOR EACH ROW EXECUTE FUNCTION dbaccess_audit_is_only_erased()
"""
_NO_CHANGE = """
CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
EXECUTE FUNCTION dbaccess_audit_is_append_only()
"""
_KEPT = (
    *("id", "at", "action", "actor", "cluster", "request_id", "detail"),
    *("digest", "key", "format", "commitments"),
)
_IS_ERASED = " AND ".join(
    [
        "NEW.personal IS NULL AND OLD.personal IS NOT NULL",
        *(f"NEW.{name} IS OLD.{name}" for name in _KEPT),
    ]
)
_SQLITE = """
CREATE TRIGGER audit_has_no_update BEFORE UPDATE ON audit {only_if}
BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END
"""


def upgrade() -> None:
    op.add_column("audit", sa.Column("format", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("audit", sa.Column("commitments", sa.JSON(), nullable=True))
    op.add_column("audit", sa.Column("personal", sa.JSON(), nullable=True))
    op.create_index(
        "ix_audit_personal",
        "audit",
        ["at"],
        sqlite_where=_PERSONAL,
        postgresql_where=_PERSONAL,
    )
    op.add_column("requests", sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_requests_unerased",
        "requests",
        ["created_at"],
        sqlite_where=_UNERASED,
        postgresql_where=_UNERASED,
    )
    if _on_postgresql():
        op.execute("DROP TRIGGER audit_is_append_only ON audit")
        for statement in (_NO_REMOVAL, _ONLY_ERASED, _NO_OTHER_CHANGE):
            op.execute(statement)
        return
    op.execute("DROP TRIGGER audit_has_no_update")
    op.execute(_SQLITE.format(only_if=f"WHEN NOT ({_IS_ERASED})"))


def downgrade() -> None:
    """Take the columns back.

    Of the rows that were written since, who, from where and why is lost for good, and their chain
    cannot be verified any more.
    """
    if _on_postgresql():
        op.execute("DROP TRIGGER audit_is_only_erased ON audit")
        op.execute("DROP FUNCTION dbaccess_audit_is_only_erased()")
        op.execute("DROP TRIGGER audit_is_append_only ON audit")
        op.execute(_NO_CHANGE)
    else:
        op.execute("DROP TRIGGER audit_has_no_update")
        op.execute(_SQLITE.format(only_if=""))
    op.drop_index("ix_requests_unerased", "requests")
    op.drop_column("requests", "erased_at")
    op.drop_index("ix_audit_personal", "audit")
    for name in ("personal", "commitments", "format"):
        op.drop_column("audit", name)


def _on_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"
