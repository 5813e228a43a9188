"""`dbaccess revoke`: end access from the terminal."""

import typer

from bot.cli import frame
from bot.cli.operators import current_operator
from bot.core import Core, build_core
from bot.domain.actors import Actor
from bot.domain.lifecycle import Grant, GrantState
from bot.domain.refusal import Refused
from bot.domain.refusals.grants import Ended, NoSuchGrant
from bot.domain.refusals.requests import StillARequest
from bot.domain.typed_text import one_line
from bot.faults import Fault
from bot.providers.base import ClusterNotFound
from bot.store import grants
from bot.store.connection_pool import refuse_shared_sessions


def revoke(grant_id: int, *, cluster_gone: bool) -> None:
    """End a grant: its rule is removed at once, or by the worker as soon as it can.

    Raises:
        typer.Exit: 1 where the rule is still there, or the grant cannot be ended.
    """
    core = build_core(*frame.configuration(), operator=current_operator())
    with frame.telling_faults():
        if cluster_gone:
            _close_for_gone_cluster(core, grant_id)
            return
        refuse_shared_sessions(core.database)
        grant = _revoke(core, grant_id)
        done = core.reconciler.reconcile(grant.cluster_id)
        with core.database.reading() as session:
            current = grants.get(session, grant_id) or grant
    what = f"Access #{grant_id} ({one_line(str(current.source))} on {current.cluster})"
    if done and current.state is not GrantState.ENDED:
        typer.echo(
            f"{what} is still open: DigitalOcean did not accept the change. "
            "A running worker keeps trying.",
            err=True,
        )
        raise typer.Exit(1)
    stays = " Its firewall rule stays." if current.leaves_rule else ""
    typer.echo(f"{what} {'has ended.' if done else 'is being ended by the worker.'}{stays}")


def _revoke(core: Core, grant_id: int) -> Grant:
    try:
        return core.access.revoke_as_operator(grant_id, actor=Actor.OPERATOR)
    except Refused as refused:
        match refused.refusal:
            case NoSuchGrant():
                raise Fault(_none(grant_id)) from None
            case Ended():
                raise Fault(f"Access #{grant_id} has ended already.") from None
            case StillARequest():
                words = f"#{grant_id} is a request, not open yet. Deny or cancel it in Slack."
                raise Fault(words) from None
            case _:
                raise


def _none(grant_id: int) -> str:
    return f"No open access #{grant_id}. `dbaccess grants` lists them."


def _close_for_gone_cluster(core: Core, grant_id: int) -> None:
    with core.database.reading() as session:
        grant = grants.get(session, grant_id)
    if grant is None:
        raise Fault(_none(grant_id))
    try:
        core.provider.read_rules(grant.cluster_id)
    except ClusterNotFound:
        core.access.close_for_gone_cluster(grant_id, actor=Actor.OPERATOR)
        typer.echo(f"Access #{grant_id} has ended: DigitalOcean has no cluster {grant.cluster_id}.")
    else:
        raise Fault(f"{grant.cluster} still exists. Use revoke without --cluster-gone.")
