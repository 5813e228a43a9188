"""`dbaccess policy`: what the policy makes of a command, and expectations of it."""

from pathlib import Path
from typing import Annotated

import typer

policy_app = typer.Typer(
    help="Explain or test what dbaccess.toml says.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@policy_app.command(context_settings={"allow_interspersed_args": False})
def explain(
    command: Annotated[
        list[str], typer.Argument(help="What is typed behind /dbaccess: request or emergency.")
    ],
    user: Annotated[
        str,
        typer.Option(
            "--as",
            metavar="U…",
            help="Who types it: a person's ID, or a machine (github:repo:…).",
        ),
    ],
    groups: Annotated[
        str | None,
        typer.Option(
            metavar="S…,S…",
            help='Their user groups, or "" for none. Without it, Slack is asked.',
        ),
    ] = None,
    guest: Annotated[
        bool, typer.Option("--guest", help="They are a guest. Needs --groups.")
    ] = False,
    channel: Annotated[
        str, typer.Option(metavar="C…", help="The ID of the channel where it is typed.")
    ] = "",
) -> None:
    """Say what comes of a command, and because of which lines.

    The lines are those of dbaccess.toml. Nothing is saved, sent or asked of DigitalOcean.
    """
    from bot.cli.policy_explaining import explain

    explain(" ".join(command), user, groups, is_guest=guest, channel=channel)


@policy_app.command("test")
def run_tests(
    file: Annotated[Path, typer.Argument(help="The file with the expectations.", dir_okay=False)],
) -> None:
    """Compare dbaccess.toml with what a file expects of it. One line each.

    It needs neither tokens nor a network. The exit code is 1 if anything differs.
    """
    from bot.cli.policy_testing import run_tests

    run_tests(file)
