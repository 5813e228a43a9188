"""Durations as people type and read them: `90m`, `2h`, `1h30m`, `1d`, `1w`, `45s`."""

import re
from datetime import timedelta

from bot.domain.refusal import Refused
from bot.domain.refusals.durations import NotADuration, ZeroDuration

_UNIT_SECONDS = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
_CUSTOMARY = (
    *(timedelta(minutes=minutes) for minutes in (15, 30)),
    *(timedelta(hours=hours) for hours in (1, 2, 4, 8)),
    *(timedelta(days=days) for days in (1, 2)),
    *(timedelta(weeks=weeks) for weeks in (1, 2, 4)),
)
_MOST_CHOICES = 6
_FORM = re.compile(r"(?:(\d{1,6})w)?(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s)?")


def parse_duration(text: str) -> timedelta:
    """Return the duration that *text* names, longer than zero.

    Raises:
        Refused: the text is no duration, or a duration of zero.
    """
    match = _FORM.fullmatch(text.strip().lower())
    if match is None or not match.group():
        raise Refused(NotADuration(typed=text))
    seconds = sum(
        int(count) * unit
        for count, unit in zip(match.groups(), _UNIT_SECONDS.values(), strict=True)
        if count is not None
    )
    if seconds == 0:
        raise Refused(ZeroDuration())
    return timedelta(seconds=seconds)


def show_duration(duration: timedelta) -> str:
    """Return *duration* as it would be typed, to the second: `1h30m`; `0s` for none."""
    left = max(0, round(duration.total_seconds()))
    parts = []
    for unit, unit_seconds in _UNIT_SECONDS.items():
        count, left = divmod(left, unit_seconds)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


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
