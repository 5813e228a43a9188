"""The command `demo`, which `dbaccess` finds by the entry point in playground/pyproject.toml."""

from typing import Annotated

import typer

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def demo(
    port: Annotated[
        int, typer.Option(metavar="PORT", help="The page's port; 0 takes a free one.", min=0)
    ] = 0,
    script: Annotated[bool, typer.Option("--script", help="Tell one story here instead.")] = False,
    rate: Annotated[
        float, typer.Option(metavar="TIMES", help="How fast the story's clock runs.")
    ] = 240.0,
    practice: Annotated[
        bool, typer.Option("--init", help="Play both without a bot, to try `dbaccess init`.")
    ] = False,
) -> None:
    """Try it in a browser, without Slack and without DigitalOcean.

    Both are played here, and nothing leaves this machine.
    """
    if practice:
        from dbaccess_playground.demo.practice import practise

        practise(port=port)
        return
    if not script:
        from dbaccess_playground.demo.stage import play

        play(port=port)
        return
    from dbaccess_playground.demo.story import tell_story

    if not tell_story(rate=rate):
        raise typer.Exit(1)
