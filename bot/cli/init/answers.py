"""Answers that are there before the first question: a file of them, the environment, an `.env`."""

import os
import shlex
import stat
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from dotenv import dotenv_values

from bot.checks.secret_shapes import SECRETS
from bot.cli.init.asking import Given, Stopped
from bot.domain.near_keys import did_you_mean

ENVIRONMENT_KEYS = ("connection", *SECRETS)
POLICY_KEYS = (
    "clusters", "channel", "operators", "approvers", "approvals", "max_duration", "requesters"
)  # fmt: skip
_OPTIONAL = ("instance", "may_post", *(f"{secret}_file" for secret in SECRETS))
_SOME_ADDRESS = "https://not.known"  # nothing is made of it, since the file is there
_USAGE = 2


def answers_in(file: Path) -> dict[str, Given]:
    """Return the answers of a file.

    Raises:
        Stopped: it is not there or no TOML, or has keys that are no question's.
    """
    try:
        written = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise Stopped(f"{file}: there is no such file", exit_code=_USAGE) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Stopped(f"{file}: {error}", exit_code=_USAGE) from None
    known = (*ENVIRONMENT_KEYS, *POLICY_KEYS, *_OPTIONAL)
    unknown = [
        f"{file}: {key}: unknown key{did_you_mean(key, known)}"
        for key in written
        if key not in known
    ]
    if unknown:
        raise Stopped(*unknown, exit_code=_USAGE)
    given = {
        key: Given(_as_text(file, key, value), str(file))
        for key, value in written.items()
        if not key.endswith("_file")
    }
    for secret in SECRETS:
        if path := written.get(f"{secret}_file"):
            given[secret] = _secret_in(Path(str(path)))
    return given


def read_by_others(file: Path, given: Mapping[str, Given]) -> str:
    """Return what to say where everybody may read the secrets in an answers file."""
    has_secrets = any(key in given and given[key].file is None for key in SECRETS)
    mode = stat.S_IMODE(file.stat().st_mode)
    if os.name != "posix" or not has_secrets or not mode & 0o007:
        return ""
    typed = f"chmod 600 {shlex.quote(str(file))}"
    return f"{file} has secrets, and everybody may read it ({mode:04o}). Type `{typed}`."


def answers_of_environment(environment: Mapping[str, str]) -> dict[str, Given]:
    """Return the secrets that are set: `SLACK_BOT_TOKEN`, or the file `SLACK_BOT_TOKEN_FILE`."""
    given = {}
    for secret in SECRETS:
        name = secret.upper()
        if value := environment.get(name):
            given[secret] = Given(value, f"{name} in the environment")
        elif path := environment.get(f"{name}_FILE"):
            given[secret] = _secret_in(Path(path))
    return given


def answers_of_env_file(file: Path) -> dict[str, Given]:
    """Return what an `.env` that is there already answers; nothing where there is none."""
    if not file.exists():
        return {}
    values = {key: value for key, value in dotenv_values(file).items() if value}
    given = {
        key: replace(answer, where=str(file))
        for key, answer in answers_of_environment(values).items()
    }
    has_socket = "slack_app_token" in given
    reached = "socket" if has_socket else values.get("DBACCESS_PUBLIC_URL", _SOME_ADDRESS)
    return {**given, "connection": Given(reached, str(file))}


def missing(given: Mapping[str, Given], keys: Iterable[str]) -> list[str]:
    """Return which of the *keys* have no answer; the app's token is for Socket Mode alone."""
    is_socket = "connection" not in given or is_socket_mode(given["connection"].text)
    return [key for key in keys if key not in given and (key != "slack_app_token" or is_socket)]


def is_socket_mode(connection: str) -> bool:
    """Tell whether that answer means Socket Mode."""
    return connection.strip().lower() in ("socket", "socket mode")


def endpoint(name: str, default: str, env_file: Path) -> str:
    """Return a setting that no question is about: of the environment, the file, or the default."""
    of_file = dotenv_values(env_file).get(name) if env_file.exists() else None
    return os.environ.get(name) or of_file or default


def _secret_in(path: Path) -> Given:
    try:
        return Given(path.read_text(encoding="utf-8").strip(), str(path), path)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "is not text"
        raise Stopped(f"{path}: {reason}", exit_code=_USAGE) from None


def _as_text(file: Path, key: str, value: Any) -> str:
    """Return an answer as it would be typed."""
    match value:
        case bool():
            return "yes" if value else "no"
        case str() | int():
            return str(value)
        case list() if all(isinstance(one, str) for one in value):
            return ", ".join(value)
        case dict() if key == "clusters" and all(isinstance(one, str) for one in value.values()):
            return ", ".join(f"{alias}={name}" for alias, name in value.items())
    raise Stopped(f"{file}: {key}: must be text, a number or a list of texts", exit_code=_USAGE)
