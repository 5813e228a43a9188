"""Remedies: what to fix where `dbaccess check` could not read something of DigitalOcean's."""

from bot.domain.sources import SourceType
from bot.providers.base import ApiError, ClusterNotFound, NotAuthorised, ScopeMissing
from bot.providers.digitalocean.schemas import LISTINGS

UNTESTED = "whether the DigitalOcean token may write (database:update); the first grant tells"


def remedy(error: ApiError, kind: SourceType | None) -> str:
    """Return what to fix after listing sources of a *kind*, or reading rules (None), failed."""
    scope = LISTINGS[kind].scope if kind else "database:read"
    match error:
        case ScopeMissing():
            return f"the token may not read this: give it the scope {scope}"
        case NotAuthorised():
            return "DigitalOcean does not know the token: is DIGITALOCEAN_TOKEN right?"
        case ClusterNotFound():
            return "there is no such cluster: correct its id (`doctl databases list`)"
        case _:
            return str(error)
