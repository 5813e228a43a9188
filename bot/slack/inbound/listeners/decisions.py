"""Decisions: the one command behind all that approves or denies a request."""

from datetime import timedelta

from bot.domain.commands import Decide
from bot.domain.lifecycle import Verdict
from bot.slack.inbound.payloads import Approval, Choice, Denial, Press


def decision(
    act: Press | Choice | Denial | Approval,
    verdict: Verdict,
    *,
    at_most: timedelta | None = None,
    comment: str = "",
    reason: str = "",
) -> Decide:
    """Return the decision, tied to the request that was shown where the button stood (P4)."""
    return Decide(
        request_id=act.number,
        verdict=verdict,
        at_most=at_most,
        comment=comment,
        reason=reason,
        mark=act.mark,
        container=act.container,
    )
