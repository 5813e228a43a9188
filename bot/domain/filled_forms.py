"""Filled forms: the commands that they say, or all that is wrong with their fields at once."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.domain.commands import BreakGlass, Extend, RequestAccess
from bot.domain.durations import examples_within, extension_by, length_and_end, parse_span
from bot.domain.policy import ClusterPolicy, Policy
from bot.domain.refusal import Field, Problems, about
from bot.domain.sources import parse_source
from bot.domain.typed_text import one_line


@dataclass(frozen=True)
class FilledForm:
    """What somebody filled in, as they typed it; `local_now` as in `length_of`."""

    cluster: str
    source: str
    duration: str
    reason: str
    local_now: datetime | None = None


def read_form(policy: Policy, form: FilledForm, *, by_policy: bool = True) -> RequestAccess:
    """Return the command that a filled-in form says.

    Without *by_policy*, what only the cluster's policy refuses is left to the command itself: for
    somebody of whom it is not known whether they may see the cluster.

    Raises:
        Refused: fields make no sense, or the policy does not take them: all of them.
    """
    return RequestAccess(**_read(policy, form, _REQUEST, by_policy=by_policy))


def read_emergency_form(policy: Policy, form: FilledForm, *, by_policy: bool = True) -> BreakGlass:
    """Return the command that a filled-in emergency form says; the rest as in `read_form`."""
    return BreakGlass(**_read(policy, form, _EMERGENCY, by_policy=by_policy))


def read_extension_form(form: FilledForm, *, grant_id: int, mark: str | None) -> Extend:
    """Return the command that a filled-in form for an extension says.

    Raises:
        Refused: the duration makes no sense.
    """
    asked = Extend(grant_id=grant_id, reason=form.reason, mark=mark)
    if not form.duration.strip():
        return asked
    with about(Field.DURATION):
        return asked.model_copy(update=extension_by(parse_span(form.duration), form.local_now))


@dataclass(frozen=True)
class _Rules:
    """What a cluster's policy says of one kind of form."""

    usual_duration: Callable[[ClusterPolicy], timedelta]
    check_duration: Callable[[ClusterPolicy, timedelta], None]
    check_reason: Callable[[ClusterPolicy, str], None]
    longest: Callable[[ClusterPolicy], timedelta]


_REQUEST = _Rules(
    lambda cluster: cluster.usual_duration,
    ClusterPolicy.check_duration,
    ClusterPolicy.check_reason,
    lambda cluster: cluster.max_duration,
)
_EMERGENCY = _Rules(
    lambda cluster: cluster.usual_emergency,
    ClusterPolicy.check_emergency_duration,
    ClusterPolicy.check_emergency_reason,
    lambda cluster: cluster.longest_emergency,
)


def _read(policy: Policy, form: FilledForm, rules: _Rules, *, by_policy: bool) -> dict[str, Any]:
    problems = Problems()
    checked: ClusterPolicy | None = None
    usual = timedelta()
    with problems.about(Field.CLUSTER):
        named = policy.cluster(form.cluster)
        usual = rules.usual_duration(named)
        checked = named if by_policy else None
    with problems.about(Field.SOURCE):
        source = parse_source(form.source)
        if checked:
            checked.check_source(source)
    longest = rules.longest(checked) if checked else None
    with problems.about(Field.DURATION), examples_within(longest):
        asked = parse_span(form.duration) if form.duration.strip() else usual
        duration, until = length_and_end(asked, form.local_now)
        if checked:
            rules.check_duration(checked, duration)
    with problems.about(Field.REASON):
        if checked:
            rules.check_reason(checked, one_line(form.reason))
    problems.check()
    return {
        "cluster": form.cluster,
        "source": source,
        "duration": duration,
        "until": until,
        "reason": form.reason,
    }
