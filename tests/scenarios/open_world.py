"""A world whose bot browsers reach, behind proxies, and what they find there."""

import re
from typing import Any

import requests
from pydantic import SecretStr
from sqlmodel import select

from bot.config import Settings
from bot.store.tables import IpLinkRow
from tests.scenarios.world import IP, RITA, World
from tests.storage import Storage

PUBLIC_URL = "https://dbaccess.example.com"


class OpenWorld(World):
    """A world whose bot browsers reach, through so many proxies."""

    def __init__(
        self, storage: Storage, policy: dict[str, Any] | None = None, *, proxies: int = 1
    ) -> None:
        self.proxies = proxies
        self.secret: str | None = None
        super().__init__(storage, policy)

    @property
    def settings(self) -> Settings:
        changes: dict[str, Any] = {
            "dbaccess_public_url": PUBLIC_URL,
            "dbaccess_trusted_proxies": self.proxies,
        }
        if self.secret:
            changes["slack_signing_secret"] = SecretStr(self.secret)
        return super().settings.model_copy(update=changes)

    def link(self, user: str = RITA) -> str:
        """Let somebody ask for a link; return its token."""
        [url] = set(re.findall(rf"{PUBLIC_URL}/ip/[\w.\-]+", str(self.types(user, "myip").body)))
        return str(url).removeprefix(f"{PUBLIC_URL}/ip/")

    def visits(
        self, token: str, *, method: str = "GET", by: str | None = IP, **more: str
    ) -> requests.Response:
        """Let a browser come, *by* that address as the proxies tell it."""
        headers = {} if by is None else {"X-Forwarded-For": by}
        url = f"{self.service.url}/ip/{token}"
        return requests.request(method, url, headers={**headers, **more}, timeout=30)

    def uses(self, token: str, *, address: str = IP, by: str = IP) -> requests.Response:
        """Press `Use this address` on the page that showed *address*, and let the worker work."""
        url, headers = f"{self.service.url}/ip/{token}", {"X-Forwarded-For": by}
        answer = requests.post(url, data={"address": address}, headers=headers, timeout=30)
        self.settle()
        return answer

    def links(self) -> list[IpLinkRow]:
        with self.service.components.database.reading() as session:
            return list(session.exec(select(IpLinkRow)))


def assert_dead(answer: requests.Response) -> None:
    assert answer.status_code == 404
    assert "This link does not work" in answer.text
    assert "/dbaccess myip" in answer.text
