"""Writing a file that is not there yet: whole or not at all, and never over another."""

import os
import tempfile
from pathlib import Path

SECRET_MODE = 0o600
USUAL_MODE = 0o644


def write_new(file: Path, text: str, *, mode: int) -> None:
    """Write a file, with its permission bits from the first byte on.

    Raises:
        FileExistsError: there is one of that name; it was not touched.
        OSError: it cannot be written; there is none of that name.
    """
    handle, temporary = tempfile.mkstemp(dir=file.parent, prefix=f"{file.name}.")  # mode 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as opened:
            opened.write(text)
            opened.flush()
            os.fsync(opened.fileno())
            os.fchmod(opened.fileno(), mode)
        _name_it(Path(temporary), file)
    finally:
        Path(temporary).unlink(missing_ok=True)


def _name_it(temporary: Path, file: Path) -> None:
    """Give the written file its name; a link, unlike a rename, never replaces another file."""
    try:
        file.hardlink_to(temporary)
    except FileExistsError:
        raise
    except OSError:  # a file system without links, like some mounts of a container
        file.touch(SECRET_MODE, exist_ok=False)  # the name is ours now, and nobody else's
        temporary.replace(file)
