"""Home: the App Home tab. What waits for me comes first, since others wait for it."""

from collections.abc import Sequence
from typing import Any

from bot.domain.notices import GrantFacts, RequestFacts
from bot.slack.messages.blocks import Block, context, divider, header, quote, section
from bot.slack.messages.buttons import approve_or_deny
from bot.slack.messages.facts import NO_REASON, summary_of
from bot.slack.messages.listing import HOW_TO_ASK, and_more, grant_item, request_item
from bot.slack.messages.mrkdwn import code, when

_MOST_WAITING = 12  # of three blocks each
_MOST_GRANTS = 14  # of two blocks each
_MOST_REQUESTS = 9  # of two blocks each


def home(
    grants: Sequence[GrantFacts],
    requests: Sequence[RequestFacts],
    waiting: Sequence[RequestFacts],
) -> dict[str, Any]:
    """Return one person's Home tab: what waits for them, their grants, their requests."""
    blocks: list[Block | None] = []
    if waiting:
        blocks.append(header("Waiting for you"))
        for request in waiting[:_MOST_WAITING]:
            blocks += _waiting(request)
        blocks += [and_more(len(waiting) - _MOST_WAITING), divider()]
    blocks.append(header("Your access"))
    for grant in grants[:_MOST_GRANTS]:
        blocks += grant_item(grant)
    blocks.append(and_more(len(grants) - _MOST_GRANTS))
    if not grants:
        blocks.append(section(f"You have no access now. {HOW_TO_ASK}"))
    if requests:
        blocks.append(header("Your open requests"))
        for request in requests[:_MOST_REQUESTS]:
            blocks += request_item(request)
        blocks.append(and_more(len(requests) - _MOST_REQUESTS))
    blocks.append(context(f"{code('/dbaccess help')} shows all that you can do."))
    return {"type": "home", "blocks": [block for block in blocks if block is not None]}


def _waiting(request: RequestFacts) -> list[Block | None]:
    return [
        section(f"{summary_of(request)} Can be decided until {when(request.lapses_at)}."),
        quote(request.reason, NO_REASON),
        approve_or_deny(request, place="waiting"),
    ]
