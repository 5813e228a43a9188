"""Marks: what ties a button to exactly one request or grant.

After the loss of the database, numbers start again, so the same number may mean another request
(P4, P7). A request's mark is when it was made. A grant's also says which source has access to which
cluster: a grant that was recovered from its label still has that in common with the original.
"""

import hashlib
from datetime import datetime

from bot.domain.lifecycle import Grant
from bot.domain.sources import TrustedSource

_DIGEST_CHARACTERS = 12


def request_mark(created_at: datetime) -> str:
    """Return the mark of the request that was made then."""
    return str(int(created_at.timestamp()))


def grant_mark(approved_at: datetime, cluster_id: str, source: TrustedSource) -> str:
    """Return the mark of the grant of *source* on that cluster (its UUID), approved then."""
    return f"{request_mark(approved_at)}.{_access(cluster_id, source)}"


def mark_of_grant(grant: Grant) -> str:
    """Return the mark of a grant."""
    return grant_mark(grant.approved_at, grant.cluster_id, grant.source)


def is_same_access(mark: str, cluster_id: str, source: TrustedSource) -> bool:
    """Tell whether a grant's mark is for *source* on that cluster, whenever it was approved."""
    return mark.partition(".")[2] == _access(cluster_id, source)


def _access(cluster_id: str, source: TrustedSource) -> str:
    told = f"{cluster_id} {source}".encode(errors="backslashreplace")
    return hashlib.sha256(told).hexdigest()[:_DIGEST_CHARACTERS]
