"""The commands. Each imports what it needs when it runs, so that none pays for the others."""

from pathlib import Path
from typing import Annotated

import typer

from bot import __version__
from bot.cli.auditing import audit_app
from bot.cli.job_app import job_app
from bot.cli.plugins import CommandsAndPlugins
from bot.cli.policy_app import policy_app
from bot.cli.stream_app import stream_app
from bot.cli.token_app import token_app

app = typer.Typer(
    cls=CommandsAndPlugins,
    help="Time-limited access to DigitalOcean managed databases, from Slack.",
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.add_typer(audit_app, name="audit")
app.add_typer(job_app, name="jobs")
app.add_typer(policy_app, name="policy")
app.add_typer(token_app, name="token")
app.add_typer(stream_app, name="stream")


def main() -> None:
    """Run the command line."""
    app()


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"dbaccess {__version__}")
        raise typer.Exit


@app.callback()
def options(
    _version: Annotated[
        bool,
        typer.Option("--version", help="Show the version.", is_eager=True, callback=_show_version),
    ] = False,
) -> None:
    """Take the options that come before the command."""


@app.command()
def init(
    answers: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Take the answers from a TOML file.", dir_okay=False),
    ] = None,
    template: Annotated[
        bool, typer.Option("--answers-template", help="Print such a file.")
    ] = False,
) -> None:
    """Ask a few questions, then write .env and dbaccess.toml.

    Each answer is checked at once. Files that are there stay as they are. If it is stopped, the
    next run continues from there.
    """
    from bot.cli.init.command import init

    init(answers, template=template)


@app.command()
def serve() -> None:
    """Run web and worker in one process.

    A SQLite database's schema is brought up to date first. SIGHUP has dbaccess.toml read again.
    """
    from bot.cli.serving import Role, serve_as

    serve_as(Role.SERVE)


@app.command()
def web() -> None:
    """Run the web part: answers Slack, changes nothing at DigitalOcean.

    SIGHUP has dbaccess.toml read again.
    """
    from bot.cli.serving import Role, serve_as

    serve_as(Role.WEB)


@app.command()
def worker() -> None:
    """Run the worker: firewall rules, messages, expiry.

    SIGHUP has dbaccess.toml read again.
    """
    from bot.cli.serving import Role, serve_as

    serve_as(Role.WORKER)


@app.command()
def migrate() -> None:
    """Bring the database's schema up to date."""
    from bot.cli.migrating import migrate

    migrate()


@app.command()
def check(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON array.")] = False,
    live: Annotated[
        bool, typer.Option("--live", help="Wait for one real /dbaccess help, too.")
    ] = False,
) -> None:
    """Find what is missing, and how to fix it. One line each.

    Nothing is changed. The exit code is 1 if there is a FAULT.
    """
    from bot.cli.checking import check

    check(as_json=as_json, live=live)


@app.command("schema")
def show_schema() -> None:
    """Print the JSON Schema of dbaccess.toml.

    Editors complete and check the file by it.
    """
    from bot.domain.policy_schema import policy_schema_text

    typer.echo(policy_schema_text(), nl=False)


@app.command("grants")
def show_grants(
    ended_too: Annotated[bool, typer.Option("--all", help="Access that has ended, too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON array.")] = False,
) -> None:
    """List open access: who, to what, until when."""
    from bot.cli.granting import show_grants

    show_grants(ended_too=ended_too, as_json=as_json)


@app.command("sessions")
def show_sessions(
    cluster: Annotated[str | None, typer.Argument(metavar="CLUSTER", help="Only this one.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON array.")] = False,
) -> None:
    """List who is connected, and what lets them in."""
    from bot.cli.session_listing import show_sessions

    show_sessions(only=cluster, as_json=as_json)


@app.command()
def revoke(
    grant_id: Annotated[int, typer.Argument(metavar="ID", help="The number of the access.", min=1)],
    cluster_gone: Annotated[
        bool, typer.Option("--cluster-gone", help="The cluster was deleted at DigitalOcean.")
    ] = False,
) -> None:
    """End access now.

    Its firewall rule is removed at once, or by the worker in a moment. An adopted rule stays: only
    its expiry is removed.
    """
    from bot.cli.revoking import revoke

    revoke(grant_id, cluster_gone=cluster_gone)


@app.command()
def reconcile(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show, but write nothing.")] = False,
    cluster: Annotated[str | None, typer.Option(metavar="NAME", help="Only this cluster.")] = None,
) -> None:
    """Update the clusters' firewall rules now."""
    from bot.cli.reconciling import reconcile

    reconcile(dry_run=dry_run, only=cluster)


@app.command()
def report(
    out: Annotated[Path, typer.Option(help="The HTML file to write.", dir_okay=False)],
    since: Annotated[str, typer.Option(help="A UTC time, or 30d for 30 days ago.")] = "30d",
    until: Annotated[str | None, typer.Option(help="The same. Default: now.")] = None,
    cluster: Annotated[str | None, typer.Option(help="Only this cluster.")] = None,
    live: Annotated[
        bool, typer.Option("--live", help="Read the rules added manually, now.")
    ] = False,
) -> None:
    """Write a page for auditors: who had access, to what, when."""
    from bot.cli.reporting import Wanted, write_report

    write_report(Wanted(since, until, cluster, out, live))
