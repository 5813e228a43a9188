"""What the commands have in common: configuration at the start, faults as one line at the end."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import typer
from sqlalchemy.exc import SQLAlchemyError

from bot.config import (
    ConfigError,
    Settings,
    is_set_up_here,
    load_policy,
    load_settings,
    policy_file,
)
from bot.domain.policy import Policy
from bot.domain.refusal import Refused
from bot.domain.refusals.any_refusal import AnyRefusal
from bot.domain.typed_text import one_line
from bot.faults import Fault
from bot.logs import log_crashes, set_up_logs
from bot.redaction import Redaction


def settings() -> Settings:
    """Return the environment's settings, with the logs set up by them."""
    try:
        loaded = load_settings()
    except ConfigError as error:
        _stop(error)
    set_up_logs(loaded.log_format, loaded.secrets())
    log_crashes()
    return loaded


def configuration() -> tuple[Settings, Policy]:
    """Return the settings, and the policy that they name; all that is wrong is told at once."""
    try:
        policy = load_policy(policy_file())
    except ConfigError as error:
        _also_of_environment(error)
    loaded = settings()
    if problems := loaded.lacks(policy):
        _stop(ConfigError(problems))
    return loaded, policy


def _also_of_environment(error: ConfigError) -> NoReturn:
    try:
        load_settings()
    except ConfigError as first:
        error = ConfigError([*first.problems, *error.problems])
    _stop(error)


def policy_in(file: Path) -> Policy:
    """Return the policy that a file says."""
    with telling_configuration():
        return load_policy(file)


@contextmanager
def telling_configuration() -> Iterator[None]:
    """Turn an invalid configuration into a line for each problem, and exit code 1."""
    try:
        yield
    except ConfigError as error:
        _stop(error)


def _stop(error: ConfigError) -> NoReturn:
    for problem in error.problems:
        typer.echo(problem, err=True)
    if not is_set_up_here():
        typer.echo("Nothing is set up in this folder: `dbaccess init` asks for it all.", err=True)
    raise typer.Exit(1)


@contextmanager
def telling_faults() -> Iterator[None]:
    """Turn what an operator can fix into one line and exit code 1."""
    try:
        yield
    except Refused as refused:
        problem = words(refused.refusal)
    except Fault as error:
        problem = str(error)
    except OSError as error:
        problem = f"{error.strerror or error}"
    except SQLAlchemyError as error:
        reason = str(error.__cause__ or error).splitlines()[0]
        problem = f"database: {reason} (is it reachable, and migrated by `dbaccess migrate`?)"
    else:
        return
    typer.echo(one_line(_without_secrets(problem)), err=True)
    raise typer.Exit(1)


def words(refused: AnyRefusal) -> str:
    """Return why something is refused, as a terminal shows it."""
    from bot.slack.messages.quoting import in_plain_text  # loads much, and is seldom needed
    from bot.slack.messages.refusals import sentence

    return sentence(refused, in_plain_text)


def _without_secrets(problem: str) -> str:
    """Cut out what a driver or an API may have repeated (P8)."""
    try:
        secrets = load_settings().secrets()
    except ConfigError:
        secrets = []
    return Redaction(secrets).clean(problem)
