"""The kinds of value that `dbaccess.toml` is made of."""

import re
from datetime import timedelta
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    StringConstraints,
    WithJsonSchema,
)

from bot.domain.durations import parse_duration
from bot.domain.refusal import Refused
from bot.domain.refusals.any_refusal import AnyRefusal
from bot.domain.refusals.durations import NotADuration, ZeroDuration
from bot.domain.typed_text import one_line

SHORTEST_RETENTION = timedelta(days=1)  # what was delivered twice is long known by then
_DURATION = (  # of what `parse_duration` takes: some of these, in this order, and not all zero
    r"^\s*(?=.*[1-9])([0-9]{1,6}[wW])?([0-9]{1,6}[dD])?([0-9]{1,6}[hH])?([0-9]{1,6}[mM])?"
    r"([0-9]{1,6}[sS])?\s*$"
)


def _duration(value: object) -> object:
    if isinstance(value, timedelta):
        return value
    if not isinstance(value, str):
        raise ValueError(  # noqa: TRY004  # pydantic reports ValueErrors with their key
            f'{value!r} isn\'t a duration: write it in quotes, like "90m" or "2h"'
        )
    try:
        duration = parse_duration(value)
    except Refused as refused:
        raise _problem(value, refused.refusal) from refused
    if not re.fullmatch(_DURATION, value):
        raise _problem(value, NotADuration(typed=value))
    return duration


def _long_enough(duration: timedelta) -> timedelta:
    if duration < SHORTEST_RETENTION:
        raise ValueError("must be at least 1d")
    return duration


def _problem(value: str, refusal: AnyRefusal) -> ValueError:
    """Return what an operator reads about a duration in the file."""
    if isinstance(refusal, ZeroDuration):
        return ValueError("A duration of zero opens nothing. Try `30m`.")
    return ValueError(
        f"`{one_line(value)}` isn't a duration. Try `90m`, `2h`, `1h30m`, `1d` or `1w`."
    )


Duration = Annotated[
    timedelta,
    BeforeValidator(_duration),
    WithJsonSchema({"type": "string", "pattern": _DURATION, "examples": ["90m", "1h30m", "1d"]}),
]
Retained = Annotated[Duration, AfterValidator(_long_enough)]
Alias = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]


class PolicyModel(BaseModel):
    """Unknown keys are faults, and nothing changes after it was read.

    What stands below a field describes that key, in the JSON Schema too.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)
