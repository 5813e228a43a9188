"""Commands of other distributions, found by the entry point group `dbaccess.commands`."""

from importlib.metadata import entry_points
from typing import Any

import typer
from typer.core import TyperGroup

GROUP = "dbaccess.commands"


class CommandsAndPlugins(TyperGroup):
    """The commands of this distribution, and those that others add to it.

    Others are looked for only to list all commands, or to run one that is not ours: that reads
    the metadata of everything installed.
    """

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of all commands, ours first."""
        return [*super().list_commands(ctx), *sorted(entry_points(group=GROUP).names)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return the command of that name; None if there is none."""
        ours = super().get_command(ctx, cmd_name)
        if ours is not None:
            return ours
        for plugin in entry_points(group=GROUP, name=cmd_name):
            return typer.main.get_command(plugin.load())
        if cmd_name == "demo":
            ctx.fail("`dbaccess demo` needs the playground: run `make demo` in a checkout.")
        return None
