"""The Slack app's manifest, filled in, and the link by which Slack offers to create the app."""

import re
from collections.abc import Iterable
from urllib.parse import quote

from bot.cli.init.shipped import MANIFEST, shipped

_EXAMPLE_ADDRESS = "https://dbaccess.example.com"
_ADDRESS_LINE = re.compile(r"\s*(url|request_url|message_menu_options_url): ")
_COMMENT = re.compile(r"(^|\s+)#.*$")


def manifest(address: str | None) -> str:
    """Return the manifest without its comments: for HTTP at *address*, None for Socket Mode."""
    lines = (_COMMENT.sub("", line) for line in shipped(MANIFEST).splitlines())
    kept = [line for line in lines if line.strip()]
    if address is not None:
        return _joined(line.replace(_EXAMPLE_ADDRESS, address) for line in kept)
    return _joined(
        line.replace("socket_mode_enabled: false", "socket_mode_enabled: true")
        for line in kept
        if not _ADDRESS_LINE.match(line)
    )


def creation_link(address: str | None) -> str:
    """Return where Slack shows "Create an app" with the manifest filled in.

    Its parameters are those of docs.slack.dev, "Configuring apps with app manifests".
    """
    filled_in = quote(manifest(address), safe="/:,")
    return f"https://api.slack.com/apps?new_app=1&manifest_yaml={filled_in}"


def _joined(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
