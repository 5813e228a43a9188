"""Why a duration is refused, in words."""

from typing import assert_never

from bot.domain.durations import example_durations
from bot.domain.durations import show_duration as shown
from bot.domain.refusals.durations import (
    AdoptionOutOfRange,
    DurationRefusal,
    EndIsOver,
    EndsLaterAnyway,
    ExtendedFully,
    ExtendedTooFar,
    Misread,
    NotADuration,
    TimePassed,
    TimeZoneUnknown,
    TooLong,
    TooLongForEmergency,
    TooShort,
    ZeroDuration,
)
from bot.slack.messages.quoting import Quoting


def of_duration(refusal: DurationRefusal, code: Quoting) -> str:  # noqa: C901  # a case for each
    """Return why a duration is refused."""
    match refusal:
        case NotADuration(typed=typed):
            return f"{code(typed)} isn't a duration. Try {_examples(refusal, code)}."
        case ZeroDuration():
            return f"A duration of zero opens nothing. Try {_one(refusal, code)}."
        case TimePassed(end=end, is_near=True):
            return f"{code(f'until {end}')} is less than a minute away. Try {_one(refusal, code)}."
        case TimePassed(end=end, now=now):
            return (
                f"{code(f'until {end}')} is over 12 hours away (it's {now} for you). Try "
                f"{_one(refusal, code)}."
            )
        case TimeZoneUnknown():
            return f"Your time zone isn't known. Try a duration, like {_one(refusal, code)}."
        case EndIsOver(number=number):
            return f"That time is over. Request #{number} needs a later end: ask again."
        case EndsLaterAnyway(number=number):
            return f"Access #{number} lasts until then already."
        case TooShort(asked=asked, shortest=shortest):
            return (
                f"{code(shown(asked))} is too short. This cluster requires at least "
                f"{code(shown(shortest))}."
            )
        case TooLong(asked=asked, longest=longest):
            return (
                f"{code(shown(asked))} is too long. This cluster allows at most "
                f"{code(shown(longest))}."
            )
        case TooLongForEmergency(asked=asked, longest=longest):
            return (
                f"{code(shown(asked))} is too long. Emergency access is for at most "
                f"{code(shown(longest))}."
            )
        case ExtendedFully(longest=longest):
            return (
                f"This access has reached its maximum of {code(shown(longest))}. Ask again when it "
                "ends."
            )
        case ExtendedTooFar(longest=longest, left=left):
            return (
                f"Access lasts at most {code(shown(longest))}, extensions included. You can add "
                f"{code(shown(left))}."
            )
        case AdoptionOutOfRange(asked=asked, shortest=shortest, longest=longest):
            return (
                f"{code(shown(asked))} is out of range. A rule can expire after "
                f"{code(shown(shortest))} to {code(shown(longest))}."
            )
    assert_never(refusal)


def _examples(refusal: Misread, code: Quoting) -> str:
    """Return a few durations that would be taken: `90m`, `2h` or `1h30m`."""
    *others, last = (code(one) for one in example_durations(refusal.longest))
    return f"{', '.join(others)} or {last}" if others else last


def _one(refusal: Misread, code: Quoting) -> str:
    examples = example_durations(refusal.longest)
    return code("2h" if "2h" in examples else examples[-1])
