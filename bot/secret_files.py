"""Secrets in files: `SLACK_BOT_TOKEN_FILE` names a file with what would stand in `SLACK_BOT_TOKEN`.

So Docker, Kubernetes and systemd hand secrets over, where no process's environment shows them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
)

from bot.domain.sessions import PREFIX

NAMES = (
    "slack_bot_token",
    "slack_signing_secret",
    "slack_app_token",
    "digitalocean_token",
    "database_url",
    "dbaccess_audit_key",
    "dbaccess_stream_secret",
)
SESSIONS = PREFIX.lower()
_FILE = "_file"


@dataclass(frozen=True)
class Unreadable:
    """In the place of a secret: why its file does not give one, without its content (P8)."""

    reason: str


class SecretFiles(PydanticBaseSettingsSource):
    """The secrets whose files the environment or `.env` names.

    What is wrong with one comes as an `Unreadable` in its place, so that all faults are reported
    at once.
    """

    def __init__(self, settings: type[BaseSettings], *sources: PydanticBaseSettingsSource) -> None:
        super().__init__(settings)
        self._variables: dict[str, str | None] = {}
        for source in reversed(sources):
            if isinstance(source, EnvSettingsSource):
                self._variables |= source.env_vars

    @property
    def paths(self) -> dict[str, Path]:
        """The files by the names of their secrets."""
        named = {name: self._variables.get(f"{name}{_FILE}") for name in (*NAMES, *self._logins)}
        return {name: Path(path) for name, path in named.items() if path}

    @property
    def _logins(self) -> list[str]:
        """The names of the logins that end sessions, of which there are as many as one likes."""
        given = sorted(name for name in self._variables if name.startswith(SESSIONS))
        return list(dict.fromkeys(name.removesuffix(_FILE) for name in given))

    def get_field_value(self, _field: FieldInfo, name: str) -> tuple[Any, str, bool]:
        """Return nothing: `__call__` reads all of them."""
        return None, name, False

    def __call__(self) -> dict[str, Any]:
        """Return what the files say, and the logins, whether they stand in files or not."""
        said = {name: self._value(name, path) for name, path in self.paths.items()}
        logins = {
            name.upper(): value
            for name in self._logins
            if (value := said.pop(name, self._variables.get(name)))
        }
        return said | ({"session_logins": logins} if logins else {})

    def _value(self, name: str, path: Path) -> str | Unreadable:
        variable = f"{name}{_FILE}".upper()
        if self._variables.get(name):
            return Unreadable(f"{variable} is set, too: keep one of them")
        try:
            content = path.read_text(encoding="utf-8").rstrip("\r\n")
        except OSError as error:
            return Unreadable(f"{variable} names {path}: {error.strerror}")
        except UnicodeDecodeError:
            return Unreadable(f"{variable} names {path}, which is no text")
        if not content.strip():
            return Unreadable(f"{variable} names {path}, which is empty")
        if len(content.splitlines()) > 1:
            return Unreadable(f"{variable} names {path}, which has several lines")
        return content


def secret_files(settings: type[BaseSettings]) -> Mapping[str, Path]:
    """Return the files from which such settings would be read now, by the names of the secrets."""
    sources = EnvSettingsSource(settings), DotEnvSettingsSource(settings)
    return SecretFiles(settings, *sources).paths
