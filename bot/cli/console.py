"""Grants and plans as a person at a terminal reads them."""

from collections.abc import Sequence
from datetime import datetime

from rich.console import Console
from rich.table import Table

from bot.domain.durations import show_duration
from bot.domain.lifecycle import Grant
from bot.domain.plan import Plan
from bot.domain.rules import Rule
from bot.domain.typed_text import one_line


def show_grants(found: Sequence[Grant], now: datetime) -> None:
    """Print a table; a grant that has not ended shows how long it has left."""
    console = Console(markup=False, emoji=False)
    if not found:
        console.print("No open access.")
        return
    table = Table("id", "cluster", "source", "requester", "state", "ends", "left", box=None)
    for grant in found:
        left = show_duration(grant.expires_at - now) if grant.is_live else grant.end_reason or ""
        table.add_row(
            f"#{grant.id}",
            grant.cluster,
            one_line(str(grant.source)),
            one_line(grant.requester),
            grant.state,
            f"{grant.expires_at:%Y-%m-%d %H:%M:%S} UTC",
            left,
        )
    console.print(table)


def show_plan(alias: str, plan: Plan) -> None:
    """Print what a reconcile of one cluster does, a line each."""
    lines = [
        *(f"  add     {_shown(rule)}" for rule in plan.adds),
        *(f"  remove  {_shown(rule)}" for rule in plan.removes),
        *(f"  recover {one_line(str(orphan.source))} ({orphan.label})" for orphan in plan.orphans),
        *(f"  blocked #{grant_id}: {one_line(why)}" for grant_id, why in plan.blocked.items()),
        *(
            f"  end     #{grant_id}: its rule was removed outside dbaccess"
            for grant_id in plan.vanished
        ),
        *(
            ["  guard   the last rule is removed, so the guard rule is added"]
            if plan.guard_added
            else []
        ),
    ]
    if not lines and plan.must_write:
        lines = ["  relabel rules whose end has moved"]
    kept = f"{len(plan.keeps)} rules stay"
    console = Console(highlight=False, soft_wrap=True, emoji=False)
    if lines:
        console.print(f"{alias}: {kept}", *lines, sep="\n", markup=False)
    else:
        console.print(f"{alias}: up to date, {kept}", markup=False)


def _shown(rule: Rule) -> str:
    return one_line(f"{rule.source or rule.value} ({rule.description or 'no description'})")
