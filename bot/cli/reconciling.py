"""`dbaccess reconcile`: bring the clusters' rules in line with the grants now."""

import typer

from bot.cli import console, frame
from bot.cli.operators import current_operator
from bot.core import build_core
from bot.domain.typed_text import one_line
from bot.providers.base import ApiError
from bot.store.connection_pool import refuse_shared_sessions


def reconcile(*, dry_run: bool, only: str | None) -> None:
    """Show what is to be done to each cluster, or to one by its alias, and do it.

    Raises:
        typer.Exit: 1 where a cluster could not be brought in line.
    """
    core = build_core(*frame.configuration(), operator=current_operator())
    faults = 0
    with frame.telling_faults():
        if not dry_run:
            refuse_shared_sessions(core.database)
            core.reconciler.watch_all()
        aliases = [only] if only else list(core.policy().clusters)
        targets = {alias: str(core.policy().cluster(alias).id) for alias in aliases}
        for alias, cluster_id in targets.items():
            try:
                console.show_plan(alias, core.reconciler.preview(cluster_id))
                if not dry_run and not core.reconciler.reconcile_or_raise(cluster_id):
                    typer.echo(f"{alias}: the worker is updating it now")
            except ApiError as error:
                typer.echo(f"{alias}: {one_line(str(error))}", err=True)
                faults += 1
    if faults:
        raise typer.Exit(1)
