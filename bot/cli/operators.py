"""Who types at the terminal: the operating system's account, who became it, and the host."""

import os
import socket
from pathlib import Path

from bot.domain.typed_text import one_line

_LONGEST = 64
_LOGIN = Path("/proc/self/loginuid")  # the kernel's: it stays what it was through su and sudo
_NO_LOGIN = 2**32 - 1


def current_operator() -> dict[str, str]:
    """Return `account` and `host`, with `login` and `sudo_user` where they are known.

    `login` is the kernel's word. `sudo_user` is what the environment says, which the account
    itself could have set. All are one short line of printable characters.
    """
    found = {
        "account": _account(os.geteuid()) if hasattr(os, "geteuid") else os.getlogin(),
        "login": _login(),
        "sudo_user": os.environ.get("SUDO_USER", ""),
        "host": socket.gethostname(),
    }
    return {name: one_line(value)[:_LONGEST] for name, value in found.items() if value}


def _login() -> str:
    try:
        number = int(_LOGIN.read_text(encoding="ascii"))
    except (OSError, ValueError):  # not Linux, or not told in here
        return ""
    return "" if number == _NO_LOGIN else _account(number)


def _account(number: int) -> str:
    try:
        import pwd  # not there on Windows

        return pwd.getpwuid(number).pw_name
    except (ImportError, KeyError):  # a container may have no name for its user
        return f"uid {number}"
