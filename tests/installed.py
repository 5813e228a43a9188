"""Programs that tests need and pip does not bring: without one they are skipped, but not in CI."""

import os
import shutil
from typing import NoReturn

import pytest

_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])


def needed(program: str, package: str) -> str:
    """Return where a program is. *package* is Debian's, which `.ci/run` installs."""
    found = shutil.which(program, path=_PATH)
    if found is None:
        lacking(f"{program} is not installed (Debian: {package})")
    return found


def lacking(what: str) -> NoReturn:
    """Skip the test, or fail it in CI: there, all must be tested."""
    if os.environ.get("CI"):
        pytest.fail(f"{what}, and in CI it must be")
    pytest.skip(what)
