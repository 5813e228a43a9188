"""`dbaccess sessions`: who is connected, and what lets them in."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import typer
from rich.console import Console
from rich.table import Table

from bot.cli import frame
from bot.cli.listing import utc_time
from bot.core import Core, build_core
from bot.domain.policy import Policy
from bot.domain.sessions import DatabaseSession
from bot.domain.sources import SourceType, TrustedSource
from bot.domain.typed_text import one_line
from bot.faults import Fault
from bot.providers.base import NamedSource, NotAuthorised, Provider
from bot.sessions.base import EVERYWHERE
from bot.sessions.connected import connected_by
from bot.store import grants

_HOW = "docs/setup/sessions.md says how to set it up"


@dataclass(frozen=True)
class _Connected:
    """A session; by which open access, and by which rules that are not ours, it is let in."""

    cluster: str
    session: DatabaseSession
    access: tuple[int, ...]
    rules: tuple[str, ...]


def show_sessions(*, only: str | None, as_json: bool) -> None:
    """Print the sessions of each cluster that names a login for that, or of one by its alias.

    Raises:
        typer.Exit: 1 where one of them cannot be looked at.
    """
    core = build_core(*frame.configuration())
    with frame.telling_faults():
        found = [one for alias in _chosen(core.policy(), only) for one in _of(core, alias)]
    if as_json:
        typer.echo(json.dumps([_as_dict(one) for one in found], indent=2))
    elif found:
        _print(found)
    else:
        typer.echo("Nobody is connected.")


def _chosen(policy: Policy, only: str | None) -> list[str]:
    if only is not None and policy.cluster(only).sessions is None:
        raise Fault(f"{only} names no login that sees sessions: {_HOW}")
    chosen = [only] if only else [alias for alias, one in policy.clusters.items() if one.sessions]
    if not chosen:
        raise Fault(f"No cluster names a login that sees sessions: {_HOW}")
    return chosen


def _of(core: Core, alias: str) -> Iterator[_Connected]:
    cluster = core.policy().cluster(alias)
    if cluster.sessions is None:
        return
    with core.open_sessions(cluster.sessions.url_env) as sessions:
        there = sessions.of(EVERYWHERE)
    rules = core.provider.read_rules(str(cluster.id))
    with core.database.reading() as session:
        live = grants.listing(session, cluster_id=str(cluster.id))
    lent = {grant.source for grant in live}
    foreign = sorted({rule.source for rule in rules if rule.source} - lent)
    sources = lent.union(foreign)
    let_in = connected_by(sources, there, _droplets(core.provider, sources)).by_source
    for one in there:
        yield _Connected(
            alias,
            one,
            tuple(grant.id for grant in live if one in let_in.get(grant.source, ())),
            tuple(str(source) for source in foreign if one in let_in.get(source, ())),
        )


def _droplets(provider: Provider, sources: Iterable[TrustedSource]) -> list[NamedSource] | None:
    """Return all Droplets if some source is one, or has some; None without the right to."""
    if not any(source.lets_in_droplets for source in sources):
        return None
    try:
        return provider.list_sources(SourceType.DROPLET)
    except NotAuthorised:
        return None


def _as_dict(one: _Connected) -> dict[str, object]:
    session = one.session
    return {
        "cluster": one.cluster,
        "pid": session.pid,
        "user": session.user,
        "application": session.application,
        "database": session.database,
        "from": session.address,
        "since": utc_time(session.since),
        "access": list(one.access),
        "rules": list(one.rules),
    }


def _print(found: list[_Connected]) -> None:
    table = Table("cluster", "from", "user", "application", "since", "let in by", box=None)
    for one in found:
        session = one.session
        by = [*(f"#{number}" for number in one.access), *one.rules]
        table.add_row(
            one.cluster,
            session.address,
            one_line(session.user),
            one_line(session.application),
            utc_time(session.since),
            ", ".join(by) or "no address that is trusted",
        )
    Console(markup=False, emoji=False).print(table)
