"""Remedies: what to fix where `dbaccess check` could not read something of DigitalOcean's."""

from bot.domain.sources import SourceType
from bot.providers.base import ApiError, ClusterNotFound, NotAuthorised, ScopeMissing
from bot.providers.digitalocean.schemas import LISTINGS

# A scope can be chosen only with those that it requires: docs.digitalocean.com/reference/api/scopes
_REQUIRED = ("regions:read", "sizes:read", "actions:read")
SCOPES = ("database:read", "database:update", *_REQUIRED)
_REQUIRED_BY = {
    SourceType.DROPLET: ("image:read", *_REQUIRED),
    SourceType.K8S: _REQUIRED,
    SourceType.TAG: (),
    SourceType.APP: _REQUIRED,
}
UNTESTED = (
    "whether the DigitalOcean token may write (database:update), since no harmless call tells; "
    "the first access does"
)


def remedy(error: ApiError, kind: SourceType | None) -> str:
    """Return what to fix after listing sources of a *kind*, or reading rules (None), failed."""
    match error:
        case ScopeMissing():
            return f"the token may not read this: give it {_scopes(kind)}"
        case NotAuthorised():
            return "DigitalOcean does not know the token: is DIGITALOCEAN_TOKEN right?"
        case ClusterNotFound():
            return "there is no such cluster: correct its id (`doctl databases list`)"
    said = error.message.removeprefix("DigitalOcean: ")
    return f"{said}: {error.advice}" if error.advice else said


def _scopes(kind: SourceType | None) -> str:
    if kind is None:
        return f"the scopes {', '.join(SCOPES)}"
    required = _REQUIRED_BY[kind]
    scope = f"the scope {LISTINGS[kind].scope}"
    return f"{scope}, which requires {', '.join(required)}" if required else scope
