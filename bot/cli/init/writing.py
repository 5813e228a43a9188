"""Writing a file: whole or not at all."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SECRET_MODE = 0o600
USUAL_MODE = 0o644


def write_new(file: Path, text: str, *, mode: int) -> None:
    """Write a file that is not there yet, with its permission bits from the first byte on.

    Raises:
        FileExistsError: there is one of that name; it was not touched.
        OSError: it cannot be written; there is none of that name.
    """
    with _written_beside(file, text) as temporary:
        temporary.chmod(mode)
        _name_it(temporary, file)


def check_folder(folder: Path) -> None:
    """Look whether files can be written into a folder.

    Raises:
        OSError: they cannot.
    """
    with tempfile.TemporaryFile(dir=folder):
        pass


def replace_whole(file: Path, text: str) -> None:
    """Write a file for its owner alone, in the place of the one that may be there.

    Raises:
        OSError: it cannot be written; the one that was there is as it was.
    """
    with _written_beside(file, text) as temporary:
        temporary.replace(file)


@contextmanager
def _written_beside(file: Path, text: str) -> Iterator[Path]:
    """Write a temporary file for its owner alone, which is gone in the end."""
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f"{file.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as opened:
            opened.write(text)
            opened.flush()
            os.fsync(opened.fileno())
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def _name_it(temporary: Path, file: Path) -> None:
    """Give the written file its name; a link, unlike a rename, never replaces another file."""
    try:
        file.hardlink_to(temporary)
    except FileExistsError:
        raise
    except OSError:  # a file system without links, like some mounts of a container
        file.touch(SECRET_MODE, exist_ok=False)  # the name is ours now, and nobody else's
        temporary.replace(file)
