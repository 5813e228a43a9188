"""What a machine reads about its access, in plain values."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache

from pydantic import TypeAdapter

from bot.domain.lifecycle import EndReason, Grant, GrantState
from bot.domain.refusals.any_refusal import AnyRefusal, KeptRefusal
from bot.domain.sources import TrustedSource


@dataclass(frozen=True)
class MachineAccess:
    """Access of a machine as it stands. `is_new`: it was not there before this was asked for.

    `why` is why it could not be opened, or stay, where that is known.
    """

    id: int
    cluster: str
    source: TrustedSource
    state: GrantState
    approved_at: datetime
    expires_at: datetime
    ended_at: datetime | None = None
    end_reason: EndReason | None = None
    is_new: bool = False
    why: KeptRefusal | None = None


@cache
def kept_access() -> TypeAdapter[MachineAccess]:
    """Return what keeps it as JSON and reads it again."""
    return TypeAdapter(MachineAccess)


def machine_access(
    grant: Grant, *, is_new: bool = False, why: AnyRefusal | None = None
) -> MachineAccess:
    """Return what its machine reads about a grant."""
    return MachineAccess(
        id=grant.id,
        cluster=grant.cluster,
        source=grant.source,
        state=grant.state,
        approved_at=grant.approved_at,
        expires_at=grant.expires_at,
        ended_at=grant.ended_at,
        end_reason=grant.end_reason,
        is_new=is_new,
        why=why,
    )
