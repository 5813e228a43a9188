"""Durations that are refused."""

from datetime import timedelta
from typing import Literal

from bot.domain.refusals.base import Refusal
from bot.domain.typed_text import Typed


class Misread(Refusal):
    """No duration was read; `longest` is the most that would be taken, None if that is not known.

    Examples of what to write instead must not be longer.
    """

    longest: timedelta | None = None


class NotADuration(Misread):
    """What was typed is no duration."""

    code: Literal["not_a_duration"] = "not_a_duration"
    typed: Typed


class ZeroDuration(Misread):
    """A duration of zero."""

    code: Literal["zero_duration"] = "zero_duration"


class TimePassed(Misread):
    """A time of day, as an end, less than a minute or over twelve hours away; `now` is theirs."""

    code: Literal["time_passed"] = "time_passed"
    end: str
    now: str
    is_near: bool = False


class TimeZoneUnknown(Misread):
    """A time of day of somebody whose time zone Slack does not say."""

    code: Literal["time_zone_unknown"] = "time_zone_unknown"


class EndIsOver(Refusal):
    """An end that was asked for, and that has passed, or is nearer than the shortest duration."""

    code: Literal["end_is_over"] = "end_is_over"
    number: int


class EndsLaterAnyway(Refusal):
    """An extension until a time before which the access does not end."""

    code: Literal["ends_later_anyway"] = "ends_later_anyway"
    number: int


class TooShort(Refusal):
    """Shorter than the cluster takes."""

    code: Literal["too_short"] = "too_short"
    asked: timedelta
    shortest: timedelta


class TooLong(Refusal):
    """Longer than the cluster takes."""

    code: Literal["too_long"] = "too_long"
    asked: timedelta
    longest: timedelta


class TooLongForEmergency(Refusal):
    """Longer than the emergency policy covers."""

    code: Literal["too_long_for_emergency"] = "too_long_for_emergency"
    asked: timedelta
    longest: timedelta


class ExtendedFully(Refusal):
    """A grant that lasts as long as one may already."""

    code: Literal["extended_fully"] = "extended_fully"
    longest: timedelta


class ExtendedTooFar(Refusal):
    """More than the *left* that a grant may be extended by."""

    code: Literal["extended_too_far"] = "extended_too_far"
    asked: timedelta
    longest: timedelta
    left: timedelta


class AdoptionOutOfRange(Refusal):
    """An expiry too soon to be noticed, or too late to be remembered."""

    code: Literal["adoption_out_of_range"] = "adoption_out_of_range"
    asked: timedelta
    shortest: timedelta
    longest: timedelta


DurationRefusal = (
    NotADuration
    | ZeroDuration
    | TimePassed
    | TimeZoneUnknown
    | EndIsOver
    | EndsLaterAnyway
    | TooShort
    | TooLong
    | TooLongForEmergency
    | ExtendedFully
    | ExtendedTooFar
    | AdoptionOutOfRange
)
