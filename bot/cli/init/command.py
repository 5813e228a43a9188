"""`dbaccess init`: from an empty folder to one in which `dbaccess serve` starts."""

import io
import os
import secrets
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

import typer
from dotenv import dotenv_values

from bot.checks.secret_shapes import SECRETS
from bot.cli.init.answers import (
    ENVIRONMENT_KEYS,
    POLICY_KEYS,
    answers_in,
    answers_of_env_file,
    answers_of_environment,
    endpoint,
    missing,
    read_by_others,
)
from bot.cli.init.asking import Asker, Given, KeptAnswers, Stopped
from bot.cli.init.changing import change_a_step
from bot.cli.init.interview import Endpoints, Interview
from bot.cli.init.rendering import environment_text, policy_text, shown_environment
from bot.cli.init.shipped import ANSWERS_EXAMPLE, shipped
from bot.cli.init.terminal import Terminal, TypedTerminal, open_link
from bot.cli.init.writing import SECRET_MODE, USUAL_MODE, check_folder, write_new
from bot.config import ConfigError, Settings, parse_policy, policy_file

ENV_FILE = Path(".env")
KEPT_FILE = Path(".env.init")
_File = tuple[Path, str, int]  # where it will be, its text, its permission bits
_USAGE = 2
_NO_TERMINAL = (
    "dbaccess init asks questions, so it needs a terminal. Or write the answers into a file "
    "(`dbaccess init --answers-template` prints one), and type `dbaccess init --answers FILE`."
)


def init(answers: Path | None, *, template: bool = False, terminal: Terminal | None = None) -> None:
    """Ask, write and check; or print what an answers file looks like.

    Args:
        answers: a file to take the answers from, with nobody asked.
        template: print such a file.
        terminal: who is asked; None: whoever is at the terminal.

    Raises:
        typer.Exit: 1 where something has to be fixed first, 2 where answers are missing.
    """
    if template:
        typer.echo(shipped(ANSWERS_EXAMPLE), nl=False)
        return
    try:
        _Setup(answers, terminal).run()
    except Stopped as stopped:
        typer.echo(str(stopped), err=True)
        raise typer.Exit(stopped.exit_code) from stopped
    except (typer.Abort, KeyboardInterrupt):
        typer.echo(f"\nStopped. {_what_is_kept()}", err=True)
        raise typer.Exit(1) from None


def _what_is_kept() -> str:
    if not KEPT_FILE.exists():
        return "What is written stays." if ENV_FILE.exists() else "Nothing was written."
    return (
        f"Your answers so far are in {KEPT_FILE}, the tokens too. Only you may read it. Type "
        "`dbaccess init` to go on, or delete it."
    )


class _Setup:
    """One run, in the folder where the files will be."""

    def __init__(self, answers: Path | None, terminal: Terminal | None) -> None:
        _check_readable(ENV_FILE)
        self._policy_path = policy_file()
        self._has_env, self._has_policy = ENV_FILE.exists(), self._policy_path.exists()
        self._given = self._answers_there(answers)
        self._terminal = None if answers else terminal or _terminal()
        self._kept = KeptAnswers(KEPT_FILE)
        self._asker = Asker(self._given, self._kept, self._terminal)

    def run(self) -> None:
        """Go through all of it."""
        self._say_what_is_there()
        if not (self._has_env and self._has_policy):
            self._check_writable()
            self._ask_and_write()
        self._check()

    def _check_writable(self) -> None:
        """Look before anything is asked or posted, whether the files can be written."""
        there = {ENV_FILE: self._has_env, self._policy_path: self._has_policy}
        for folder in {file.absolute().parent for file, is_there in there.items() if not is_there}:
            try:
                check_folder(folder)
            except OSError as error:
                raise Stopped(f"{folder} cannot be written: {error.strerror or error}.") from error

    def _answers_there(self, answers: Path | None) -> dict[str, Given]:
        given = {**answers_of_env_file(ENV_FILE), **answers_of_environment(os.environ)}
        if self._has_env and (lacking := missing(given, ENVIRONMENT_KEYS)):
            names = ", ".join(key.upper() for key in lacking)
            raise Stopped(
                f"{ENV_FILE} is here and lacks {names}. Add that, or move the file away: init "
                "overwrites nothing."
            )
        if answers is None:
            return given
        answered = answers_in(answers)
        if exposed := read_by_others(answers, answered):
            typer.echo(exposed, err=True)
        given |= {
            key: answer
            for key, answer in answered.items()
            if not (self._has_env and key in ENVIRONMENT_KEYS)  # what the bot will read counts
        }
        keys = [*([] if self._has_env else ENVIRONMENT_KEYS)]
        keys += [] if self._has_policy else POLICY_KEYS
        if lacking := missing(given, keys):
            lines = (f"{answers}: {key}: is missing{_or_variable(key)}" for key in lacking)
            raise Stopped(*lines, exit_code=_USAGE)
        return given

    def _say_what_is_there(self) -> None:
        for file, is_there in ((ENV_FILE, self._has_env), (self._policy_path, self._has_policy)):
            if is_there:
                typer.echo(f"{file} is here already and stays as it is.")
        if self._terminal and not (self._has_env and self._has_policy):
            if self._kept.load():
                self._asker.say(
                    f"Going on with the answers in {KEPT_FILE}. You can change them at the end."
                )
            self._asker.say(
                "Ctrl-C stops at any time, and the next run continues. You see .env and "
                "dbaccess.toml before they are written."
            )
            self._asker.say()

    def _ask_and_write(self) -> None:
        endpoints = Endpoints(
            slack=_endpoint("slack_api_url"), digitalocean=_endpoint("digitalocean_api_url")
        )
        interview = Interview(self._asker, endpoints, self._open_link)
        files = self._answered(interview)
        while self._terminal and not self._asker.confirm("write", "Write this?", default=True):
            if not change_a_step(self._asker):
                raise Stopped(_what_is_kept())
            files = self._answered(interview)
        for file, text, mode in files:
            _write(file, text, mode)
        self._kept.forget()

    def _answered(self, interview: Interview) -> list[_File]:
        """Ask what was not answered yet, and show what becomes of it."""
        account = interview.account()
        policy = None if self._has_policy else interview.policy(account)
        self._asker.stop_if_wrong()
        files: list[_File] = []
        if not self._has_env:
            files.append((ENV_FILE, self._environment(account.environment), SECRET_MODE))
        if policy is not None:
            text = policy_text(policy)
            try:
                parse_policy(tomllib.loads(text), file=str(self._policy_path))
            except ConfigError as error:
                raise Stopped(*error.problems) from error
            files.append((self._policy_path, text, USUAL_MODE))
        self._show(files)
        return files

    def _environment(self, values: Mapping[str, str]) -> str:
        """Return the text of an `.env`, with what the sandbox or a proxy has elsewhere."""
        urls = {
            name.upper(): _endpoint(name)
            for name in ("slack_api_url", "digitalocean_api_url")
            if _endpoint(name) != Settings.model_fields[name].default
        }
        named = dict(self._named(name, value) for name, value in values.items())
        complete = {**named, "DBACCESS_AUDIT_KEY": secrets.token_hex(32), **urls}
        text = environment_text(complete)
        if dotenv_values(stream=io.StringIO(text)) != complete:
            raise Stopped("An address or a file's name has characters that .env cannot hold.")
        return text

    def _named(self, variable: str, value: str) -> tuple[str, str]:
        """Return a variable; a secret that stands in a file of its own stays there alone."""
        given = self._given.get(variable.lower())
        if given is None or given.file is None:
            return variable, value
        return f"{variable}_FILE", str(given.file.absolute())

    def _show(self, files: list[_File]) -> None:
        """Show what will be written; without a terminal, too: each ID has its name beside it."""
        self._asker.say()
        self._asker.say("6 of 6  The files")
        for file, text, mode in files:
            shown = shown_environment(text) if file == ENV_FILE else text.rstrip()
            typer.echo(f"--- {file} ({mode:04o})\n{shown}")
        typer.echo("---")

    def _open_link(self, link: str) -> None:
        if self._terminal:
            open_link(self._terminal, link)

    def _check(self) -> None:
        """Say what `dbaccess check` says, and what to do next.

        Raises:
            typer.Exit: 1 where there is a fault.
        """
        _run_check(live=False)
        words = "Test it now with one real command in Slack?"
        if self._terminal and self._asker.confirm("check_live", words, default=False):
            _run_check(live=True)
        typer.echo("\nStart it with `dbaccess serve`. Then type /dbaccess in Slack.")


def _run_check(*, live: bool) -> None:
    from bot.cli.checking import check

    typer.echo(f"\n$ dbaccess check{' --live' if live else ''}")
    try:
        check(as_json=False, live=live)
    except typer.Exit:
        typer.echo("\nThe files are written. Fix the faults, then type `dbaccess check`.")
        raise


def _terminal() -> TypedTerminal:
    if not sys.stdin.isatty():
        raise Stopped(_NO_TERMINAL, exit_code=_USAGE)
    return TypedTerminal()


def _check_readable(file: Path) -> None:
    try:
        if file.exists():
            file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise Stopped(f"{file} cannot be read: {reason}.") from error


def _endpoint(field: str) -> str:
    return endpoint(field.upper(), Settings.model_fields[field].default, ENV_FILE)


def _or_variable(key: str) -> str:
    return f" (or set {key.upper()})" if key in SECRETS else ""


def _write(file: Path, text: str, mode: int) -> None:
    try:
        write_new(file, text, mode=mode)
    except FileExistsError:
        raise Stopped(f"{file} has appeared meanwhile, and stays as it is.") from None
    except OSError as error:
        raise Stopped(f"{file} cannot be written: {error.strerror or error}.") from error
    typer.echo(f"Written: {file}")
