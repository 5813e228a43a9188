"""Remedies: what to mend where `dbaccess check` could not read something of DigitalOcean's."""

from bot.domain.sources import SourceType
from bot.providers.base import ApiError, ClusterNotFound, NotAuthorised, ScopeMissing

UNTESTED = "whether the DigitalOcean token may write (database:update); the first grant tells"
_SCOPES = {
    None: "database:read",
    SourceType.DROPLET: "droplet:read",
    SourceType.K8S: "kubernetes:read",
    SourceType.TAG: "tag:read",
    SourceType.APP: "app:read",
}


def remedy(error: ApiError, kind: SourceType | None) -> str:
    """Return what to mend after listing sources of a *kind*, or reading rules (None), failed."""
    match error:
        case ScopeMissing():
            return f"the token may not read this: give it the scope {_SCOPES[kind]}"
        case NotAuthorised():
            return "DigitalOcean does not know the token: is DIGITALOCEAN_TOKEN right?"
        case ClusterNotFound():
            return "there is no such cluster: correct its id (`doctl databases list`)"
        case _:
            return str(error)
