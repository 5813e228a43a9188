"""Why something cannot be looked up, picked or done just now, in words."""

from typing import assert_never

from bot.domain.durations import show_duration
from bot.domain.refusals.lookups import (
    CallsSpent,
    ConnectionNotTold,
    LinksUnused,
    LookedUpTooOften,
    LookupRefusal,
    NothingToPick,
    SourcesNotTold,
    WentWrong,
)
from bot.slack.messages.quoting import Quoting


def of_lookup(refusal: LookupRefusal, code: Quoting) -> str:
    """Return why something cannot be looked up, picked or done just now."""
    match refusal:
        case LookedUpTooOften(most=most, seconds=seconds):
            return (
                f"You looked something up {most} times within a minute. Try again in {seconds} s."
            )
        case CallsSpent(said=said):
            return f"{said}."
        case SourcesNotTold(cluster=alias, said=said):
            return (
                f"DigitalOcean did not tell the trusted sources of {code(alias)}: {said}. Try "
                "again in a moment."
            )
        case ConnectionNotTold(cluster=alias, said=said):
            return (
                f"DigitalOcean did not tell how to reach {code(alias)}: {said}. Try again in a "
                "moment."
            )
        case LinksUnused(most=most, serves=serves):
            return (
                f"You have {most} address links that you have not used. Use one of them, or wait: "
                f"each expires after {show_duration(serves)}."
            )
        case NothingToPick(example=example):
            return (
                "There was no list to choose from. Try again in a moment, or write it as a "
                f"command: {code(f'/dbaccess request {example} 2h orders')}."
            )
        case WentWrong(reference=reference):
            return (
                "Something went wrong on my side, and nothing was changed. Please try again; if it "
                "happens again, tell the people who run dbaccess this reference: "
                f"{reference}"
            )
    assert_never(refusal)
