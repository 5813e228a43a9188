"""A terminal: questions and answers, folded to its width, in one colour."""

import os
import shutil
import sys
import textwrap
import webbrowser
from typing import Protocol

import typer

_WIDEST = 80


class Terminal(Protocol):
    """Whoever is asked."""

    def say(self, text: str = "") -> None:
        """Show a paragraph, folded to the width."""
        ...

    def show(self, text: str) -> None:
        """Show lines as they are: a link, a table, a file."""
        ...

    def prompt(self, words: str, *, default: str = "", hidden: bool = False) -> str:
        """Return what is typed, or the default for nothing; *hidden*: it is not shown."""
        ...


class TypedTerminal(Terminal):
    """The terminal that dbaccess was started at."""

    def say(self, text: str = "") -> None:
        """Print a paragraph, folded."""
        width = min(shutil.get_terminal_size().columns, _WIDEST)
        indent = " " * (len(text) - len(text.lstrip()))
        self.show(
            textwrap.fill(
                text,
                width=width,
                subsequent_indent=indent,
                break_long_words=False,
                break_on_hyphens=False,
            )
        )

    def show(self, text: str) -> None:
        """Print lines as they are laid out."""
        typer.echo(text)

    def prompt(self, words: str, *, default: str = "", hidden: bool = False) -> str:
        """Return what is typed; click.Abort for Ctrl-C and the end of the input."""
        typed = typer.prompt(
            words,
            default=default,
            show_default=bool(default),
            hide_input=hidden,
        )
        return str(typed)


def open_link(terminal: Terminal, link: str) -> None:
    """Offer to open a link where there is a desktop, but not on one that is far away."""
    is_desktop = sys.platform == "darwin" or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )
    if not is_desktop or os.environ.get("SSH_CONNECTION"):
        return
    if terminal.prompt("Open it in a browser now? [Y/n]").strip().lower() in ("", "y", "yes"):
        webbrowser.open(link)
