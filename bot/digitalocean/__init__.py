"""DigitalOcean's databases API: typed rules in, typed errors out. Nothing else imports pydo."""

from bot.digitalocean.budget import CallBudget
from bot.digitalocean.catalogue import Catalogue
from bot.digitalocean.client import DigitalOcean
from bot.digitalocean.errors import (
    ApiError,
    Call,
    Cluster,
    ClusterNotFound,
    Named,
    NotAuthorised,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    ScopeMissing,
    Unavailable,
)

__all__ = [
    "ApiError",
    "Call",
    "CallBudget",
    "Catalogue",
    "Cluster",
    "ClusterNotFound",
    "DigitalOcean",
    "Named",
    "NotAuthorised",
    "OutcomeUnknown",
    "RateLimited",
    "Rejected",
    "ScopeMissing",
    "Unavailable",
]
