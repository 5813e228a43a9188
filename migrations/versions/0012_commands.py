"""errands: the column `wish` is the command."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE errands RENAME COLUMN wish TO command")
    _rename_kind("ask_for", "request_access")


def downgrade() -> None:
    _rename_kind("request_access", "ask_for")
    op.execute("ALTER TABLE errands RENAME COLUMN command TO wish")


def _rename_kind(old: str, new: str) -> None:
    """Rewrite the commands that wait; within a string of theirs each quote has a backslash."""
    text, kind = ("command::text", "::json") if _is_postgresql() else ("command", "")
    op.execute(
        f"""UPDATE errands SET command =
        replace({text}, '"kind": "{old}"', '"kind": "{new}"'){kind}"""  # noqa: S608
    )


def _is_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"
