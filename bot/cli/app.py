"""The commands, each a few lines that put the parts together and call one of them."""

import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from bot import __version__
from bot.cli import console, findings, frame, listing, reporting
from bot.cli.auditing import audit_app
from bot.cli.checking import check_all
from bot.cli.serving import Role, run
from bot.clock import SystemClock
from bot.digitalocean import ApiError, ClusterNotFound
from bot.domain.findings import Level
from bot.domain.lifecycle import GrantState
from bot.domain.policy_schema import policy_schema_text
from bot.domain.refusal import Refused, one_line
from bot.parts import Parts
from bot.store import grants, schema
from bot.store.database import Database

app = typer.Typer(
    help="Lend people access to DigitalOcean managed databases for a while, from Slack.",
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.add_typer(audit_app, name="audit")


def main() -> None:
    """Run the command line."""
    app()


@app.callback(invoke_without_command=True)
def options(
    version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False,
) -> None:
    """Take the options that come before the command."""
    if version:
        typer.echo(f"dbaccess {__version__}")
        raise typer.Exit


@app.command()
def serve() -> None:
    """Run web and worker in one process.

    A SQLite database's schema is brought up to date first. SIGHUP has dbaccess.toml read again.
    """
    _run(Role.SERVE)


@app.command()
def web() -> None:
    """Run the web part: answers Slack, changes nothing at DigitalOcean.

    SIGHUP has dbaccess.toml read again.
    """
    _run(Role.WEB)


@app.command()
def worker() -> None:
    """Run the worker: firewall rules, messages, expiry.

    SIGHUP has dbaccess.toml read again.
    """
    _run(Role.WORKER)


@app.command()
def migrate() -> None:
    """Bring the database's schema up to date."""
    settings = frame.settings()
    database = Database(settings.database_url)
    with frame.telling_faults():
        before = schema.current_revision(database)
        schema.upgrade(database)
        after = schema.current_revision(database)
    typer.echo(f"schema: {before or 'empty'} -> {after}")


@app.command()
def check(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON array.")] = False,
) -> None:
    """Say what is missing, and how to mend it, one line each.

    Nothing is changed. The exit code is 1 if there is a FAULT.
    """
    found = list(check_all())
    if as_json:
        typer.echo(findings.as_json(found))
    else:
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
        typer.echo(findings.as_lines(found, width=width))
        typer.echo(findings.summary(found), err=True)
    if any(one.level is Level.FAULT for one in found):
        raise typer.Exit(1)


@app.command("schema")
def show_schema() -> None:
    """Print the JSON Schema of dbaccess.toml.

    Editors complete and check the file by it.
    """
    typer.echo(policy_schema_text(), nl=False)


@app.command("grants")
def show_grants(
    ended_too: Annotated[bool, typer.Option("--all", help="Those that ended, too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON array.")] = False,
) -> None:
    """List grants: who has access, to what, until when."""
    database = Database(frame.settings().database_url)
    with frame.telling_faults(), database.reading() as session:
        found = grants.listing(session, ended_too=ended_too)
    if as_json:
        typer.echo(listing.grants_json(found))
    else:
        console.show_grants(found, SystemClock().now())


@app.command()
def revoke(
    grant_id: Annotated[int, typer.Argument(metavar="ID", help="The grant's number.", min=1)],
    cluster_gone: Annotated[
        bool, typer.Option("--cluster-gone", help="The cluster was deleted at DigitalOcean.")
    ] = False,
) -> None:
    """End a grant now.

    Its rule is taken away at once, or by the worker as soon as it can.
    """
    parts = frame.parts()
    with frame.telling_faults():
        if cluster_gone:
            _close_for_gone_cluster(parts, grant_id)
            return
        grant = parts.access.revoke_as_operator(grant_id, actor="operator")
        done = parts.reconciler.reconcile(grant.cluster_id)
        with parts.database.reading() as session:
            current = grants.get(session, grant_id) or grant
    what = f"#{grant_id} ({one_line(str(current.source))} on {current.cluster})"
    if done and current.state is not GrantState.ENDED:
        typer.echo(f"{what}: still open, the API did not take it; a worker tries again", err=True)
        raise typer.Exit(1)
    typer.echo(f"{what}: {current.state if done else 'being ended by the worker'}")


@app.command()
def reconcile(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show, but write nothing.")] = False,
    cluster: Annotated[str | None, typer.Option(metavar="NAME", help="Only this cluster.")] = None,
) -> None:
    """Bring the clusters' rules in line with the grants now."""
    parts = frame.parts()
    faults = 0
    with frame.telling_faults():
        if not dry_run:
            parts.reconciler.watch_all()
        aliases = [cluster] if cluster else list(parts.policy().clusters)
        targets = {alias: str(parts.policy().cluster(alias).id) for alias in aliases}
        for alias, cluster_id in targets.items():
            try:
                console.show_plan(alias, parts.reconciler.preview(cluster_id))
                if not dry_run and not parts.reconciler.reconcile_or_raise(cluster_id):
                    typer.echo(f"{alias}: the worker is at it")
            except ApiError as error:
                typer.echo(f"{alias}: {one_line(str(error))}", err=True)
                faults += 1
    if faults:
        raise typer.Exit(1)


@app.command()
def report(
    out: Annotated[Path, typer.Option(help="The HTML file to write.", dir_okay=False)],
    since: Annotated[str, typer.Option(help="A UTC time, or 30d for so long ago.")] = "30d",
    until: Annotated[str | None, typer.Option(help="The same; now, if it is not given.")] = None,
    cluster: Annotated[str | None, typer.Option(help="Only this cluster.")] = None,
    live: Annotated[bool, typer.Option("--live", help="Ask for the rules of others now.")] = False,
) -> None:
    """Write an auditor's page: who had access to what and when."""
    loaded, policy = frame.configuration()
    wanted = reporting.Wanted(since, until, cluster, out, live)
    with frame.telling_faults():
        made = reporting.make_report(loaded, policy, wanted)
        typer.echo(reporting.summary(made, out))
        if made.chain.broken_at is not None:
            raise Refused(f"The audit is broken at row {made.chain.broken_at}.")


@app.command()
def demo(
    port: Annotated[
        int, typer.Option(metavar="PORT", help="The page's port; 0 takes a free one.", min=0)
    ] = 0,
    script: Annotated[bool, typer.Option("--script", help="Tell one story here instead.")] = False,
    rate: Annotated[
        float, typer.Option(metavar="TIMES", help="How fast the story's clock runs.")
    ] = 60.0,
) -> None:
    """Try it in a browser, without Slack and without DigitalOcean.

    Both are played here, and nothing leaves this machine.
    """
    from bot.demo import play, tell_story  # only this command needs the sandboxes

    if not script:
        play(port=port)
    elif not tell_story(rate=rate):
        raise typer.Exit(1)


def _close_for_gone_cluster(parts: Parts, grant_id: int) -> None:
    with parts.database.reading() as session:
        grant = grants.get(session, grant_id)
    if grant is None:
        raise Refused(f"There is no grant #{grant_id}.")
    try:
        parts.digitalocean.read_rules(grant.cluster_id)
    except ClusterNotFound:
        parts.access.close_for_gone_cluster(grant_id, actor="operator")
        typer.echo(f"#{grant_id}: ended, DigitalOcean knows no cluster {grant.cluster_id}")
    else:
        raise Refused(f"{grant.cluster} is there; end the grant without --cluster-gone.")


def _run(role: Role) -> None:
    loaded, policy = frame.configuration()
    with frame.telling_faults():
        run(role, loaded, policy)
