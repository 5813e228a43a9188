"""Subjects: which request, grant and cluster a notice or command is about, as logs name them."""

from bot.domain.commands import Command
from bot.domain.lifecycle import Grant
from bot.domain.notices import Notice, RequestFacts


def subject_of(thing: Notice | Command) -> dict[str, int | str]:
    """Return as many of `request`, `grant` and `cluster` (its alias) as *thing* names."""
    facts = getattr(thing, "request", None) or getattr(thing, "grant", None)
    named: dict[str, int | str | None] = {
        "request": getattr(thing, "request_id", None),
        "grant": getattr(thing, "grant_id", None),
        "cluster": getattr(thing, "cluster", None),
    }
    match facts:
        case RequestFacts(id=number, cluster=cluster):
            named |= {"request": number, "cluster": cluster}
        case Grant(id=number, cluster=cluster):
            named |= {"grant": number, "cluster": cluster}
    return {key: value for key, value in named.items() if value is not None}
