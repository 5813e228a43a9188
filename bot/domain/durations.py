"""Durations as people type and read them: `90m`, `1h 30m`, `2 hours`, `1.5h`, `1w`, `until 18:00`.

Read by a grammar of our own: the libraries for it (pytimeparse2, durations-nlp, dateparser) skip
what they do not know and guess at the rest, and here nothing may be read as longer than typed.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.domain.refusal import Refused
from bot.domain.refusals.durations import (
    Misread,
    NotADuration,
    TimePassed,
    TimeZoneUnknown,
    ZeroDuration,
)
from bot.domain.typed_text import unwrapped

_UNIT_SECONDS = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
_UNIT_NAMES = {
    "w": "weeks|week|wks|wk|w",
    "d": "days|day|d",
    "h": "hours|hour|hrs|hr|h",
    "m": "minutes|minute|mins|min|m",
    "s": "seconds|second|secs|sec|s",
}
UNIT = "|".join(_UNIT_NAMES.values())
_CUSTOMARY = (
    *(timedelta(minutes=minutes) for minutes in (15, 30)),
    *(timedelta(hours=hours) for hours in (1, 2, 4, 8)),
    *(timedelta(days=days) for days in (1, 2)),
    *(timedelta(weeks=weeks) for weeks in (1, 2, 4)),
)
_MOST_CHOICES = 6
_EXAMPLES = ("90m", "2h", "1h30m", "1d", "1w")
_SHORT_EXAMPLES = ("5m", "15m", "30m", "1h")
_MOST_WORDS = 2 * len(_UNIT_NAMES) + 4  # each number and unit, and an `and` between each two
_WHOLE = re.compile(
    r"(?=[0-9])"
    + "(?: ?(?:and )?)".join(
        rf"(?:(?P<{unit}>[0-9]{{1,6}}) ?(?:{names}))?" for unit, names in _UNIT_NAMES.items()
    )
)
_DECIMAL = re.compile(
    r"([0-9]{1,6})\.([0-9]{1,3}) ?(?:"
    + "|".join(rf"(?P<{unit}>{names})" for unit, names in _UNIT_NAMES.items())
    + ")"
)
_UNTIL = re.compile(
    r"(?:until|till|til) (?:"
    r"(?P<hour>[01]?[0-9]|2[0-3]):(?P<minute>[0-5][0-9])"
    r"|(?P<hour_of_half>1[0-2]|0?[1-9])(?::(?P<minute_of_half>[0-5][0-9]))? ?(?P<half>[ap])m)"
)
_LONGEST_UNTIL = timedelta(hours=12)


@dataclass(frozen=True)
class Until:
    """A time of day, where somebody is, at which access is to end."""

    hour: int
    minute: int

    def next_after(self, local_now: datetime | None) -> datetime:
        """Return when it is next that time; past midnight, too, if that is within twelve hours.

        Args:
            local_now: the time (aware) where somebody is, None if that is not known.

        Raises:
            Refused: it is not known, or the time has passed today.
        """
        if local_now is None:
            raise Refused(TimeZoneUnknown())
        today = local_now.replace(hour=self.hour, minute=self.minute, second=0, microsecond=0)
        now = local_now.timestamp()
        for at in (today.replace(fold=0), (today + timedelta(days=1)).replace(fold=0)):
            # Compared by what both are in UTC: a day on which clocks change is not 24 hours long.
            if 60 <= at.timestamp() - now <= _LONGEST_UNTIL.total_seconds():
                return at
        is_near = 0 <= today.timestamp() - now < 60
        raise Refused(TimePassed(end=str(self), now=f"{local_now:%H:%M}", is_near=is_near))

    def length(self, local_now: datetime | None) -> timedelta:
        """Return how long that is from now, in whole minutes, never longer; raises as the above."""
        return timedelta(minutes=_seconds_until(self.next_after(local_now), local_now) // 60)

    def __str__(self) -> str:
        return f"{self.hour:02}:{self.minute:02}"


def parse_duration(text: str, *, local_now: datetime | None = None) -> timedelta:
    """Return the duration that *text* names, longer than zero and never longer than it says.

    Args:
        text: as somebody typed it.
        local_now: the time (aware) where they are, for `until 18:00`; None if it is not known.

    Raises:
        Refused: the text is no duration, or a duration of zero.
    """
    return length_of(parse_span(text), local_now)


def parse_span(text: str) -> timedelta | Until:
    """Return the duration, perhaps zero, or the end that *text* names.

    Raises:
        Refused: it names neither.
    """
    words = [word for word in map(unwrapped, text.split()) if word]
    found = leading_duration(words)
    if found is None or found[1] != len(words):
        raise Refused(NotADuration(typed=text))
    return found[0]


def length_of(duration: timedelta | Until, local_now: datetime | None) -> timedelta:
    """Return how long it is, longer than zero.

    Raises:
        Refused: it is zero, or the end of `until` cannot be told or has passed.
    """
    if isinstance(duration, Until):
        return duration.length(local_now)
    if not duration:
        raise Refused(ZeroDuration())
    return duration


def length_and_end(
    duration: timedelta | Until, local_now: datetime | None
) -> tuple[timedelta, datetime | None]:
    """Return how long it is, and for `until`, the end (UTC) beyond which it never lasts.

    With an end, the length is up to a whole minute: the end itself says when it is over.

    Raises:
        Refused: as in `length_of`.
    """
    if not isinstance(duration, Until):
        return length_of(duration, local_now), None
    end = duration.next_after(local_now).astimezone(UTC)
    return timedelta(minutes=-(-_seconds_until(end, local_now) // 60)), end


def extension_by(
    asked: timedelta | Until, local_now: datetime | None
) -> dict[str, timedelta | datetime]:
    """Return an extension's `duration`, or the time `until` which it is to last (UTC).

    Raises:
        Refused: as in `length_of`.
    """
    if isinstance(asked, Until):
        return {"until": asked.next_after(local_now).astimezone(UTC)}
    return {"duration": length_of(asked, local_now)}


def leading_duration(words: Sequence[str]) -> tuple[timedelta | Until, int] | None:
    """Return the longest duration that *words* begin with, and how many of them it takes."""
    for count in range(min(len(words), _MOST_WORDS), 0, -1):
        duration = _read(" ".join(words[:count]).lower())
        if duration is not None:
            return duration, count
    return None


def _seconds_until(at: datetime, local_now: datetime | None) -> float:
    """By what both are in UTC: a day on which clocks change is not 24 hours long."""
    return at.timestamp() - local_now.timestamp() if local_now else 0.0


def _read(phrase: str) -> timedelta | Until | None:
    if match := _WHOLE.fullmatch(phrase):
        return timedelta(
            seconds=sum(
                int(count) * _UNIT_SECONDS[unit]
                for unit, count in match.groupdict().items()
                if count is not None
            )
        )
    if match := _DECIMAL.fullmatch(phrase):
        whole, fraction = match[1], match[2]
        unit = next(unit for unit in _UNIT_SECONDS if match[unit])
        seconds = int(whole + fraction) * _UNIT_SECONDS[unit] // 10 ** len(fraction)
        return timedelta(seconds=seconds)
    if match := _UNTIL.fullmatch(phrase):
        if match["half"] is None:
            return Until(int(match["hour"]), int(match["minute"]))
        hour = int(match["hour_of_half"]) % 12 + (12 if match["half"] == "p" else 0)
        return Until(hour, int(match["minute_of_half"] or 0))
    return None


def show_duration(duration: timedelta) -> str:
    """Return *duration* as it would be typed, to the second: `1h30m`; `0s` for none."""
    left = max(0, round(duration.total_seconds()))
    parts = []
    for unit, unit_seconds in _UNIT_SECONDS.items():
        count, left = divmod(left, unit_seconds)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def example_durations(
    longest: timedelta | None, shortest: timedelta = timedelta()
) -> tuple[str, ...]:
    """Return a few durations as one would type them, none of them out of range.

    Args:
        longest: the most that would be taken, None if that is not known.
        shortest: the least.
    """
    for examples in (_EXAMPLES, _SHORT_EXAMPLES):
        fits = [
            example
            for example in examples
            if shortest <= parse_duration(example)
            and (longest is None or parse_duration(example) <= longest)
        ]
        if len(fits) > 1:
            return tuple(fits)
    return (show_duration(shortest if longest is None else longest),)


@contextmanager
def examples_within(longest: timedelta | None) -> Iterator[None]:
    """Have a duration that is misread inside offer nothing longer than *longest* instead."""
    try:
        yield
    except Refused as refused:
        limit_examples(refused, longest)
        raise


def limit_examples(refused: Refused, longest: timedelta | None) -> None:
    """Have a duration that was misread offer nothing longer than *longest* instead."""
    if longest is not None and isinstance(refused.refusal, Misread):
        refused.refusal = refused.refusal.model_copy(update={"longest": longest})


def sensible_durations(
    shortest: timedelta, longest: timedelta, usual: timedelta | None
) -> list[timedelta]:
    """Return a few durations to choose from, the shortest first.

    The usual one and the longest are always among them. There are none if *longest* is shorter
    than *shortest*.
    """
    if longest < shortest:
        return []
    customary = {duration for duration in _CUSTOMARY if shortest <= duration <= longest}
    ladder = sorted(customary | {usual or longest, longest})
    last = len(ladder) - 1
    if last < _MOST_CHOICES:
        return ladder
    kept = {round(step * last / (_MOST_CHOICES - 1)) for step in range(_MOST_CHOICES)}
    meant = ladder.index(usual or longest)
    if meant not in kept:
        kept.remove(min(kept - {last}, key=lambda other: abs(other - meant)))
        kept.add(meant)
    return [ladder[place] for place in sorted(kept)]
