"""DigitalOcean's databases API: typed rules in, typed errors out. Nothing else imports pydo."""

from bot.digitalocean.budget import CallBudget
from bot.digitalocean.catalogue import Catalogue
from bot.digitalocean.client import DigitalOcean
from bot.digitalocean.errors import (
    ApiError,
    BudgetSpent,
    Busy,
    Call,
    Cluster,
    ClusterNotFound,
    Named,
    NotAuthorised,
    OutcomeUnknown,
    Purpose,
    RateLimited,
    Rejected,
    ScopeMissing,
    Unavailable,
)
from bot.digitalocean.reads import SharedReads

__all__ = [
    "ApiError",
    "BudgetSpent",
    "Busy",
    "Call",
    "CallBudget",
    "Catalogue",
    "Cluster",
    "ClusterNotFound",
    "DigitalOcean",
    "Named",
    "NotAuthorised",
    "OutcomeUnknown",
    "Purpose",
    "RateLimited",
    "Rejected",
    "ScopeMissing",
    "SharedReads",
    "Unavailable",
]
