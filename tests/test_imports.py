"""What a process loads at its start: what it needs there, and no more."""

import subprocess
import sys

HEAVY = ("alembic", "mako", "matplotlib", "psycopg", "pydo", "azure", "rapidfuzz", "sqlite3")


def test_a_process_on_sqlite_loads_what_it_needs() -> None:
    """Each of the others costs a few megabytes, and time before the first answer."""
    code = f"import sys, bot.cli.serving; print(*[name for name in {HEAVY} if name in sys.modules])"

    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()

    assert loaded == ["sqlite3"]
