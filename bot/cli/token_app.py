"""`dbaccess token`: what a machine's token says, and what it opens."""

from pathlib import Path
from typing import Annotated

import typer

token_app = typer.Typer(
    help="Explain the token of a machine.", no_args_is_help=True, rich_markup_mode=None
)


@token_app.callback()
def of_machines() -> None:
    """Explain the token of a machine."""


@token_app.command()
def inspect(
    file: Annotated[
        Path | None,
        typer.Argument(help="The file with the token. Default: standard input.", dir_okay=False),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Say what a token says, whether it is genuine, and which policy takes it.

    It never stands in the command itself: shells remember that. Nothing is saved, and only its
    issuer is asked for keys. The exit code is 1 if the token is refused.
    """
    from bot.cli.token_inspecting import inspect

    inspect(file, as_json=as_json)
