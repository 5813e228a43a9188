"""Why something cannot be looked up, picked or done just now, in words."""

from typing import assert_never

from bot.domain.durations import show_duration
from bot.domain.refusals.lookups import (
    CallsSpent,
    HostNotShown,
    LinksUnused,
    LookedUpTooOften,
    LookupRefusal,
    NothingToPick,
    NotLookedUp,
    WentWrong,
)
from bot.slack.messages.quoting import Quoting
from bot.slack.messages.refusals.delays import no_usable_answer
from bot.slack.messages.refusals.waiting import counted


def of_lookup(refusal: LookupRefusal, code: Quoting) -> str:
    """Return why something cannot be looked up, picked or done just now."""
    match refusal:
        case LookedUpTooOften(most=most, seconds=seconds):
            return f"Too many lookups ({most} in a minute). Try again in {counted(seconds)}."
        case CallsSpent(seconds=seconds):
            return f"DigitalOcean's rate limit is nearly used up. Try again in {counted(seconds)}."
        case NotLookedUp(status=status):
            return f"{no_usable_answer(status)}. Try again in a minute."
        case HostNotShown(cluster=cluster):
            return (
                f"DigitalOcean doesn't show the host of {code(cluster)}. "
                "Look it up in the control panel."
            )
        case LinksUnused(most=most, serves=serves):
            return (
                f"You have {most} unused links. Open one, or wait: each expires after "
                f"{show_duration(serves)}."
            )
        case NothingToPick(example=example):
            instead = code(f"/dbaccess request {example} 2h orders")
            return f"The list didn't load. Try again, or write {instead}."
        case WentWrong(reference=reference):
            return (
                "Something went wrong. Nothing was changed. If it happens again, report "
                f"{code(reference)}."
            )
    assert_never(refusal)
