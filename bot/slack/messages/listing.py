"""Listing: live grants and open requests, each with its buttons."""

from collections.abc import Collection, Sequence

from bot.domain.lifecycle import Grant, GrantState, RequestState
from bot.domain.notices import RequestFacts
from bot.slack.limits import MESSAGE_BLOCKS
from bot.slack.messages.blocks import Block, Message, context, message, section
from bot.slack.messages.buttons import cancel, extend_or_revoke
from bot.slack.messages.facts import expires, manual_source, near, numbered, source, terms
from bot.slack.messages.mrkdwn import code, who

HOW_TO_ASK = f"Request access: {code('/dbaccess request')}"
_MOST_ITEMS = (MESSAGE_BLOCKS - 5) // 2  # of two blocks each, with a last line


def listing(
    requests: Sequence[RequestFacts],
    grants: Sequence[Grant],
    *,
    everybody: bool = False,
    at_maximum: Collection[int] = (),
) -> Message:
    """Return one person's live grants and open requests, or those of *everybody*.

    `at_maximum`: the grants, by number, that cannot be extended any more.
    """
    if not requests and not grants:
        nothing = (
            "No open access and no waiting requests on your clusters."
            if everybody
            else f"No open access and no waiting requests. {HOW_TO_ASK}"
        )
        return message(section(nothing))
    shown_grants = grants[:_MOST_ITEMS]
    shown_requests = requests[: _MOST_ITEMS - len(shown_grants)]
    left = len(grants) + len(requests) - len(shown_grants) - len(shown_requests)
    return message(
        *(
            part
            for grant in shown_grants
            for part in grant_item(grant, whose=everybody, can_extend=grant.id not in at_maximum)
        ),
        *(part for request in shown_requests for part in request_item(request, whose=everybody)),
        and_more(left),
    )


def grant_item(grant: Grant, *, whose: bool = False, can_extend: bool = True) -> list[Block | None]:
    """Return one grant and its buttons."""
    holder = f" of {who(grant.requester)}" if whose else ""
    what = f"{code(grant.cluster)} from {source(grant)}"
    if grant.adopted:
        what = f"{manual_source(grant)} on {code(grant.cluster)}"
    return [
        section(f"*{numbered(grant)}*{holder}: {what}, {ends(grant)}"),
        extend_or_revoke(grant, can_extend=can_extend, connects=not whose),
    ]


def ends(grant: Grant) -> str:
    """Return where a grant stands, and when it ends or ended."""
    end = near(grant.ended_at or grant.expires_at, grant.approved_at)
    match grant.state:
        case GrantState.REMOVING:
            return "ending"
        case GrantState.ENDED:
            return f"ended {end}"
        case GrantState.APPLYING if not grant.adopted:
            return f"opening, ends {end}"
        case _:
            return f"expires {end}" if grant.adopted else f"ends {end}"


def request_item(request: RequestFacts, *, whose: bool = False) -> list[Block | None]:
    """Return one request and its button."""
    asker = f" of {who(request.requester)}" if whose else ""
    state = (
        f"expires {expires(request)}" if request.state is RequestState.PENDING else request.state
    )
    return [
        section(f"*Request #{request.id}*{asker}: {terms(request)}, {state}"),
        cancel(request, place="list"),
    ]


def and_more(left: int) -> Block | None:
    """Return a last line for those that do not fit."""
    if left <= 0:
        return None
    return context(f"… and {left} more")
