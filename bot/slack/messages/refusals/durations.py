"""Why a duration is refused, in words."""

from typing import assert_never

from bot.domain.durations import show_duration as shown
from bot.domain.refusals.durations import (
    AdoptionOutOfRange,
    DurationRefusal,
    ExtendedFully,
    ExtendedTooFar,
    NotADuration,
    TooLong,
    TooLongForEmergency,
    TooShort,
    ZeroDuration,
)
from bot.slack.messages.quoting import Quoting


def of_duration(refusal: DurationRefusal, code: Quoting) -> str:
    """Return why a duration is refused."""
    match refusal:
        case NotADuration(typed=typed):
            return (
                f"{code(typed)} is not a duration. Write it like {code('45s')}, {code('90m')}, "
                f"{code('2h')}, {code('1h30m')}, {code('1d')} or {code('1w')}."
            )
        case ZeroDuration():
            return (
                f"A duration of zero opens nothing. Ask for at least a minute, like {code('30m')}."
            )
        case TooShort(asked=asked, shortest=shortest):
            return (
                f"{code(shown(asked))} is too short. The shortest for this cluster is "
                f"{code(shown(shortest))}."
            )
        case TooLong(asked=asked, longest=longest):
            return (
                f"{code(shown(asked))} is too long. The longest for this cluster is "
                f"{code(shown(longest))}."
            )
        case TooLongForEmergency(asked=asked, longest=longest):
            return (
                f"{code(shown(asked))} is too long. In an emergency, the longest for this cluster "
                f"is {code(shown(longest))}."
            )
        case ExtendedFully(longest=longest):
            return (
                f"Access to this cluster lasts at most {code(shown(longest))}, extensions "
                "included, and this grant has had that. Ask again when it has ended."
            )
        case ExtendedTooFar(asked=asked, longest=longest, left=left):
            return (
                f"With {code(shown(asked))} more this grant would last longer than "
                f"{code(shown(longest))}, the most for this cluster. It can be extended by "
                f"{code(shown(left))}."
            )
        case AdoptionOutOfRange(asked=asked, shortest=shortest, longest=longest):
            return (
                f"A rule can expire after {code(shown(shortest))} to {code(shown(longest))}, so "
                "that there is time to warn you before it goes. "
                f"{code(shown(asked))} is outside of that."
            )
    assert_never(refusal)
