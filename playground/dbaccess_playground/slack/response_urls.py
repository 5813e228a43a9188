"""Response URLs of commands and clicks: five uses within half an hour, without a token."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dbaccess_playground.slack.conversations import Message
from dbaccess_playground.slack.errors import SlackError
from dbaccess_playground.slack.workspace import Workspace

MOST_USES = 5
LIFE_SECONDS = 30 * 60


@dataclass
class _ResponseUrl:
    user_id: str
    channel_id: str
    about: Message | None
    issued_at: float
    uses: int = 0


class ResponseUrls:
    """Issues response URLs and does what is posted to them."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._issued: dict[str, _ResponseUrl] = {}

    def issue(self, root: str, user_id: str, channel_id: str, about: Message | None = None) -> str:
        """Return a URL for what that person did there; `about` is the message they clicked in."""
        token = secrets.token_urlsafe(12)
        self._issued[token] = _ResponseUrl(
            user_id, channel_id, about, self._workspace.expiry_clock()
        )
        return f"{root}/response/{token}"

    def take(self, token: str, payload: Mapping[str, Any]) -> None:
        """Post, replace or delete, as the payload says; SlackError if the URL is not valid."""
        url = self._issued.get(token)
        if url is None:
            raise SlackError("no_service")
        if self._workspace.expiry_clock() - url.issued_at > LIFE_SECONDS:
            raise SlackError("expired_url")
        if url.uses >= MOST_USES:
            raise SlackError("used_url")
        url.uses += 1
        if payload.get("delete_original"):
            if url.about is not None:
                self._workspace.delete(url.about)
            return
        content = self._workspace.content("response_url", payload)
        if payload.get("replace_original") and url.about is not None:
            self._workspace.change(url.about, content)
            return
        everybody = payload.get("response_type") == "in_channel"
        self._workspace.say(
            url.channel_id,
            content,
            thread_ts=payload.get("thread_ts"),
            ephemeral_to=None if everybody else url.user_id,
        )
