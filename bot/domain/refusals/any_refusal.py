"""Any refusal: the union of them all, and how one is kept in a row and read again."""

from functools import cache
from typing import Annotated, Any, get_args

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from bot.domain.refusals.clusters import ClusterRefusal
from bot.domain.refusals.commands import CommandRefusal
from bot.domain.refusals.delays import DelayRefusal
from bot.domain.refusals.durations import DurationRefusal
from bot.domain.refusals.grants import GrantRefusal
from bot.domain.refusals.lookups import LookupRefusal
from bot.domain.refusals.machines import MachineRefusal
from bot.domain.refusals.requests import RequestRefusal
from bot.domain.refusals.rights import RightRefusal
from bot.domain.refusals.sources import SourceRefusal

AnyRefusal = (
    ClusterRefusal
    | CommandRefusal
    | DelayRefusal
    | DurationRefusal
    | GrantRefusal
    | LookupRefusal
    | MachineRefusal
    | RequestRefusal
    | RightRefusal
    | SourceRefusal
)
KeptRefusal = Annotated[AnyRefusal, Field(discriminator="code")]
REFUSAL: TypeAdapter[AnyRefusal] = TypeAdapter(KeptRefusal, config=ConfigDict(defer_build=True))


def as_detail(refusal: AnyRefusal) -> dict[str, Any]:
    """Return a refusal as a row of the audit has it: `why` is its code, beside its values.

    Who could help, and what could be pressed, is of use at that moment alone, and left out.
    """
    values = refusal.model_dump(mode="json", exclude={"ask", "mark"}, exclude_defaults=True)
    return {"why": refusal.code, **({"values": values} if values else {})}


def of_detail(detail: dict[str, Any]) -> AnyRefusal | None:
    """Return the refusal that a row of the audit has, if it has one that is known."""
    try:
        return REFUSAL.validate_python({"code": detail.get("why"), **detail.get("values", {})})
    except (ValidationError, TypeError):
        return None


@cache
def known_codes() -> frozenset[str]:
    """Return the codes of all refusals there are."""
    return frozenset(refusal.model_fields["code"].default for refusal in get_args(AnyRefusal))
