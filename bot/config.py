"""Environment and dbaccess.toml: read and validated; errors name file, key and reason."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from sqlalchemy.engine import make_url

from bot.database_url import database_url, listed
from bot.domain.audit_chain import Keyring
from bot.domain.near_keys import did_you_mean, keys_beside
from bot.domain.placeholders import WHAT_TO_PUT, is_placeholder
from bot.domain.policy import NOT_INHERITED, ClusterPolicy, Policy
from bot.domain.policy_lines import KeyPath, key_lines
from bot.domain.standard_webhooks import PREFIX as WEBHOOK_PREFIX
from bot.domain.standard_webhooks import key_of
from bot.secret_files import NAMES, SecretFiles, Unreadable

_EXPECTED = {
    "instance": "small letters, digits and dashes, like prod",
    "operators": "a channel's ID like C0OPS",
    "channel": "a channel's ID like C0APPROVALS",
    "url_env": "a variable's name like DBACCESS_SESSIONS_ORDERS",
    "approvers": "a user's ID like U0ALICE or a user group's like S0DBADMINS",
    "requesters": "\"*\", a user's ID like U0ALICE or a user group's like S0ONCALL",
    "clusters": "a short name in small letters, like orders",
    "issuer": "a URL with https:// (or http:// on this machine), and nothing behind its path",
    "jwks_url": "a URL with https:// (or http:// on this machine), and nothing behind its path",
    "machines": "a short name in small letters, like github",
    "as": "a person's ID like U0ALICE, or a machine like github:repo:acme/shop:ref:refs/heads/main",
    "may_approve": "a person's ID like U0ALICE",
    "may_not_approve": "a person's ID like U0ALICE",
    "people": "a person's ID like U0ALICE",
    "groups": "a user group's ID like S0ONCALL, with people's IDs like U0ALICE",
    "expect": "refused, form, auto, emergency, or approvals:2 for two",
}
_SHORTEST_KEY = 32
_MOST_SIGNING_SECRETS = 2
_PUBLIC_URL = re.compile(r"https?://[\w.\-:\[\]]+(?:/[\w.\-~/]*)?", re.ASCII)

_NO_LINES: Mapping[KeyPath, int] = MappingProxyType({})


class ConfigError(Exception):
    """An invalid configuration, with which nothing starts; each problem is a line of its own."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Settings(BaseSettings):
    """The environment, then a `.env` file. Secrets are not shown when printed.

    `slack_signing_secret`, `dbaccess_audit_key` and `dbaccess_stream_secret` may list several, the
    newest first.
    """

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True)

    slack_bot_token: SecretStr
    slack_signing_secret: SecretStr
    slack_app_token: SecretStr | None = None
    slack_api_url: str = "https://slack.com/api/"
    digitalocean_token: SecretStr
    digitalocean_api_url: str = "https://api.digitalocean.com"
    database_url: str = "sqlite:///dbaccess.db"
    dbaccess_audit_key: SecretStr | None = None
    dbaccess_stream_secret: SecretStr | None = None
    dbaccess_config: Path = Path("dbaccess.toml")
    dbaccess_public_url: str | None = None
    dbaccess_trusted_proxies: int = Field(default=0, ge=0)
    dbaccess_drain_seconds: int = Field(default=0, ge=0, le=300)
    host: str = "127.0.0.1"
    port: int = Field(default=3000, ge=0, le=65535)
    metrics_port: int | None = Field(default=None, ge=0, le=65535)
    log_format: str | None = None
    session_logins: dict[str, SecretStr] = {}  # by their variables: DBACCESS_SESSIONS_…

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read secrets from files, too; see `bot.secret_files`."""
        files = SecretFiles(settings_cls, env_settings, dotenv_settings)
        return init_settings, files, env_settings, dotenv_settings

    @field_validator(*NAMES, mode="before")
    @classmethod
    def _was_read(cls, value: object) -> object:
        if isinstance(value, Unreadable):
            raise ValueError(value.reason)  # noqa: TRY004  # pydantic's
        return value

    @field_validator(
        "slack_app_token",
        "dbaccess_audit_key",
        "dbaccess_stream_secret",
        "dbaccess_public_url",
        "log_format",
        "metrics_port",
        mode="before",
    )
    @classmethod
    def _empty_is_unset(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator(*WHAT_TO_PUT)
    @classmethod
    def _no_placeholder(cls, secret: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if secret is not None and is_placeholder(secret.get_secret_value()):
            what = WHAT_TO_PUT[info.field_name or ""]
            raise ValueError(f"is still the example's placeholder; put in {what}")
        return secret

    @field_validator("slack_api_url")
    @classmethod
    def _ends_in_a_slash(cls, url: str) -> str:
        return url.rstrip("/") + "/"

    @field_validator("digitalocean_api_url")
    @classmethod
    def _ends_without_a_slash(cls, url: str) -> str:
        return url.rstrip("/")

    @field_validator("dbaccess_public_url")
    @classmethod
    def _browsers_can_go_there(cls, url: str | None) -> str | None:
        if url is not None and not _PUBLIC_URL.fullmatch(url):
            raise ValueError("must look like https://dbaccess.example.com, with nothing behind it")
        return url.rstrip("/") if url else None

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, url: str) -> str:
        return database_url(url)

    @field_validator("dbaccess_audit_key")
    @classmethod
    def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and any(len(key) < _SHORTEST_KEY for key in _listed_in(value)):
            raise ValueError(
                f"each key must have at least {_SHORTEST_KEY} characters: make one with "
                "`openssl rand -hex 32`"
            )
        return value

    @field_validator("log_format")
    @classmethod
    def _known_format(cls, value: str | None) -> str | None:
        if value not in (None, "console", "json"):
            raise ValueError("must be console or json")
        return value

    @field_validator("slack_signing_secret", "dbaccess_stream_secret")
    @classmethod
    def _one_or_two(cls, value: SecretStr | None) -> SecretStr | None:
        parts = _listed_in(value) if value else ["unset"]
        if not all(parts) or len(parts) > _MOST_SIGNING_SECRETS:
            raise ValueError(
                "write one secret, or while it is rotated the new one, a comma, the old"
            )
        return value

    @field_validator("dbaccess_stream_secret")
    @classmethod
    def _are_webhook_secrets(cls, value: SecretStr | None) -> SecretStr | None:
        for secret in _listed_in(value) if value else ():
            key_of(secret)
        return value

    @field_validator("session_logins", mode="before")
    @classmethod
    def _are_read(cls, logins: object) -> object:
        for value in logins.values() if isinstance(logins, dict) else ():
            cls._was_read(value)
        return logins

    @field_validator("session_logins")
    @classmethod
    def _are_urls(cls, logins: dict[str, SecretStr]) -> dict[str, SecretStr]:
        for name, login in logins.items():
            try:
                url = database_url(login.get_secret_value())
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from None
            if not url.startswith("postgresql"):
                raise ValueError(f"{name}: must begin with postgresql:// or postgres://")
        return logins

    def signing_secrets(self) -> tuple[str, ...]:
        """Return the secrets by which Slack may sign: the current one, then the one before it."""
        return tuple(_listed_in(self.slack_signing_secret))

    def audit_keys(self) -> Keyring:
        """Return the keys of the audit's digests, the one for new rows first."""
        given = _listed_in(self.dbaccess_audit_key) if self.dbaccess_audit_key else []
        return Keyring(tuple(key.encode() for key in given))

    def stream_keys(self) -> tuple[bytes, ...]:
        """Return the keys that sign what is sent to the stream's receiver, the newest first."""
        given = _listed_in(self.dbaccess_stream_secret) if self.dbaccess_stream_secret else []
        return tuple(map(key_of, given))

    def lacks(self, policy: Policy) -> list[str]:
        """Return what a policy needs of the environment and does not find there, a line each."""
        if policy.stream is None or self.dbaccess_stream_secret is not None:
            return []
        what = WHAT_TO_PUT["dbaccess_stream_secret"]
        return [f"environment: DBACCESS_STREAM_SECRET: is missing, [stream] needs it: {what}"]

    def secrets(self) -> list[str]:
        """Return what must never be shown."""
        logins = (login.get_secret_value() for login in self.session_logins.values())
        passwords = [one for url in (self.database_url, *logins) for one in _passwords_in(url)]
        given = [
            self.slack_bot_token,
            self.slack_signing_secret,
            self.slack_app_token,
            self.digitalocean_token,
            self.dbaccess_stream_secret,
        ]
        hidden = [one for secret in given if secret is not None for one in _listed_in(secret)]
        keys = _listed_in(self.dbaccess_audit_key) if self.dbaccess_audit_key else []
        keys += [one.removeprefix(WEBHOOK_PREFIX) for one in hidden if WEBHOOK_PREFIX in one]
        return [*hidden, *keys, *passwords]


def _passwords_in(url: str) -> list[str]:
    parsed = make_url(url)
    return [str(one) for one in (parsed.password, *listed(parsed.query.get("password", ()))) if one]


def _listed_in(value: SecretStr) -> list[str]:
    """Return the secrets of a comma-separated list, the newest first."""
    return [one.strip() for one in value.get_secret_value().split(",")]


def load_settings() -> Settings:
    """Return the settings of the process's environment and its `.env` file.

    Raises:
        ConfigError: a variable is missing or invalid.
    """
    try:
        return Settings()  # type: ignore[call-arg]  # pydantic-settings fills the fields
    except ValidationError as error:
        raise ConfigError(
            [f"environment: {_of_variable(problem)}" for problem in error.errors()]
        ) from None


def _of_variable(problem: Any) -> str:
    """Return the variable and what is wrong; of a login, the reason names its variable."""
    name = str(problem["loc"][0])
    reason = _reason(problem)
    return reason if name == "session_logins" else f"{name.upper()}: {reason}"


class _PolicyFile(BaseSettings):
    """Where the policy is, for what needs no secrets."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True)

    dbaccess_config: Path = Path("dbaccess.toml")


def policy_file() -> Path:
    """Return where `dbaccess.toml` is, whatever else the environment lacks."""
    return _PolicyFile().dbaccess_config


def is_set_up_here() -> bool:
    """Tell whether there is an `.env` or a policy, whatever is in them."""
    return Path(".env").exists() or policy_file().exists()


def load_policy(path: Path) -> Policy:
    """Return what *path* (`dbaccess.toml`) says.

    Raises:
        ConfigError: no such file, not TOML, unknown keys, bad values, contradictions.
    """
    try:
        text = path.read_text(encoding="utf-8")
        written = tomllib.loads(text)
    except FileNotFoundError:
        raise ConfigError([f"{path}: there is no such file"]) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError([f"{path}: {error}"]) from None
    return parse_policy(written, file=str(path), lines=key_lines(text))


def parse_policy(
    written: Mapping[str, Any],
    *,
    file: str = "dbaccess.toml",
    lines: Mapping[KeyPath, int] = _NO_LINES,
) -> Policy:
    """Return the policy that a parsed TOML document says, defaults filled into each cluster.

    *lines* is where each key stands in the file, if that is known.

    Raises:
        ConfigError: as `load_policy`.
    """
    document = dict(written)
    defaults = document.pop("defaults", {})
    clusters = document.get("clusters", {})
    if not isinstance(defaults, dict) or not isinstance(clusters, dict):
        raise ConfigError([f"{file}: defaults and clusters must be tables"])
    inheritable = set(ClusterPolicy.model_fields) - NOT_INHERITED
    problems = [
        f"{_place(file, ('defaults', key), lines)}: defaults.{key}: unknown key"
        f"{did_you_mean(key, inheritable)}"
        for key in defaults
        if key not in inheritable
    ]
    document["clusters"] = {
        alias: {**{k: v for k, v in defaults.items() if k in inheritable}, **cluster}
        if isinstance(cluster, dict)
        else cluster
        for alias, cluster in clusters.items()
    }
    try:
        policy = Policy.model_validate(document)
    except ValidationError as error:
        for line in problems_of(error, file, lines, clusters, defaults):
            if line not in problems:
                problems.append(line)
        raise ConfigError(problems) from None
    if problems:
        raise ConfigError(problems)
    return policy


def problems_of(
    error: ValidationError,
    file: str,
    lines: Mapping[KeyPath, int] = _NO_LINES,
    clusters: Mapping[str, Any] = MappingProxyType({}),
    defaults: Mapping[str, Any] = MappingProxyType({}),
) -> list[str]:
    """Return what is wrong in a TOML file, a line each: where, the key and the reason.

    What a cluster inherited from *defaults* is wrong there.
    """
    found = []
    for problem in _telling(error):
        path = _key_path(problem["loc"], clusters, defaults)
        key = ".".join(map(str, path)) or "document"
        found.append(
            f"{_place(file, path, lines)}: {key}: {_reason(problem, key)}{_meant(problem, path)}"
        )
    return found


def _meant(problem: Any, path: KeyPath) -> str:
    if problem["type"] != "extra_forbidden":
        return ""
    return did_you_mean(str(path[-1]), keys_beside(path))


def _place(file: str, path: KeyPath, lines: Mapping[KeyPath, int]) -> str:
    """Return the file, with the line of a key, or of the table that lacks it."""
    for length in range(len(path), 0, -1):
        if path[:length] in lines:
            return f"{file}:{lines[path[:length]]}"
    return file


def _key_path(loc: KeyPath, clusters: Mapping[str, Any], defaults: Mapping[str, Any]) -> KeyPath:
    """Return the key of a value in the file: what a cluster inherited is under defaults."""
    if len(loc) > 2 and loc[0] == "clusters":
        alias, name = loc[1], loc[2]
        if name in defaults and name not in clusters.get(str(alias), {}):
            loc = ("defaults", *loc[2:])
    return tuple(part for part in loc if part != "[key]")


def _telling(error: ValidationError) -> list[Any]:
    """Return the problems without those that only follow from a more specific one."""
    problems = error.errors()
    return [
        problem
        for problem in problems
        if problem["type"] != "too_short"
        or not any(
            other is not problem and other["loc"][: len(problem["loc"])] == problem["loc"]
            for other in problems
        )
    ]


def _reason(problem: Any, key: str = "") -> str:
    match problem["type"]:
        case "extra_forbidden":
            return "unknown key"
        case "int_parsing" | "int_type":
            return "must be a whole number"
        case "missing":
            return "is missing"
        case "value_error":
            return str(problem["ctx"]["error"])
        case "string_pattern_mismatch":
            name = next(
                (part for part in reversed(key.split(".")) if part in _EXPECTED), "clusters"
            )
            return f"{problem['input']!r} does not look right, it is {_EXPECTED[name]}"
        case _:
            return str(problem["msg"])
