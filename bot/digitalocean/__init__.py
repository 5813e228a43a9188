"""DigitalOcean's databases API: typed rules in, typed errors out. Nothing else imports pydo."""

from bot.digitalocean.client import DigitalOcean
from bot.digitalocean.errors import (
    ApiError,
    Call,
    Cluster,
    ClusterNotFound,
    NotAuthorised,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Unavailable,
)

__all__ = [
    "ApiError",
    "Call",
    "Cluster",
    "ClusterNotFound",
    "DigitalOcean",
    "NotAuthorised",
    "OutcomeUnknown",
    "RateLimited",
    "Rejected",
    "Unavailable",
]
