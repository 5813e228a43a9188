"""Home: the App Home tab. What waits for me comes first, since others wait for it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from bot.domain.durations import show_duration
from bot.domain.lifecycle import Grant
from bot.domain.notices import RequestFacts
from bot.slack.messages.blocks import Block, context, divider, header, quote, section
from bot.slack.messages.buttons import (
    approve_or_deny,
    ask_for_access,
    emergency_or_my_ip,
    extend_or_revoke,
    review_or_revoke,
)
from bot.slack.messages.facts import (
    NO_REASON,
    expires,
    in_minutes,
    manual_source,
    numbered,
    source,
    summary_of,
    terms,
)
from bot.slack.messages.listing import and_more, ends, request_item
from bot.slack.messages.mrkdwn import code, when, who
from bot.slack.messages.unusual import unusual_lines

# Under 100 blocks in all, each cluster's heading, title and last line counted.
_MOST_TO_DECIDE = 7  # of three blocks each
_MOST_TO_REVIEW = 4  # of three blocks each
_MOST_GRANTS = 12  # of two blocks each, each perhaps on a cluster of its own
_MOST_REQUESTS = 5  # of two blocks each
_MOST_CLUSTERS = 8
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True)
class HomeTab:
    """What one person's Home tab shows, as it was at `drawn_at`.

    `to_decide` and `to_review` wait for them as an approver. `may_ask` are the clusters that they
    may ask for, and for how long at most. `is_whole` is False if Slack did not say who they are and
    which groups they are in. `is_admitted` is False for a guest whom no cluster admits.
    `at_maximum`: the grants, by number, that cannot be extended any more. `emergency`: they may
    have emergency access somewhere; `finds_ip`: a page can read their address.
    """

    drawn_at: datetime
    to_decide: Sequence[RequestFacts] = ()
    to_review: Sequence[RequestFacts] = ()
    grants: Sequence[Grant] = ()
    requests: Sequence[RequestFacts] = ()
    may_ask: Mapping[str, timedelta] = field(default_factory=dict)
    is_whole: bool = True
    is_admitted: bool = True
    at_maximum: Collection[int] = ()
    emergency: bool = False
    finds_ip: bool = False


def home(tab: HomeTab) -> dict[str, Any]:
    """Return one person's Home tab as Slack takes it."""
    blocks = [
        *_what_is_missing(tab),
        *_waiting(tab),
        *_access(tab),
        *_waiting_requests(tab),
        *_asking(tab),
        context(f"Updated {when(tab.drawn_at)} · {code('/dbaccess help')}"),
    ]
    return {"type": "home", "blocks": [block for block in blocks if block is not None]}


def _what_is_missing(tab: HomeTab) -> Iterator[Block]:
    if not tab.is_whole:
        yield context(
            ":warning: *Some things may be missing*: Slack did not say which groups you are in."
        )


def _waiting(tab: HomeTab) -> Iterator[Block | None]:
    if not tab.to_decide and not tab.to_review:
        return
    yield header("Waiting for you")
    for request in tab.to_decide[:_MOST_TO_DECIDE]:
        expiry = f"Request #{request.id} · Expires {expires(request)}"
        yield section("\n".join((summary_of(request), *unusual_lines(request), expiry)))
        yield quote(request.reason, NO_REASON)
        yield approve_or_deny(request, place="waiting")
    yield and_more(len(tab.to_decide) - _MOST_TO_DECIDE)
    for emergency in tab.to_review[:_MOST_TO_REVIEW]:
        yield section(
            f":rotating_light: *Emergency access #{emergency.id} needs review*\n"
            f"{who(emergency.requester)}: {terms(emergency)}, {when(emergency.created_at)}."
        )
        yield quote(emergency.reason, NO_REASON)
        yield review_or_revoke(emergency)
    yield and_more(len(tab.to_review) - _MOST_TO_REVIEW)
    yield divider()


def _access(tab: HomeTab) -> Iterator[Block | None]:
    """Cluster by cluster; in each, what ends first in front."""
    if not tab.grants:
        return
    yield header("Your access")
    by_cluster = sorted(tab.grants[:_MOST_GRANTS], key=lambda grant: grant.cluster)
    for cluster, grants in groupby(by_cluster, key=lambda grant: grant.cluster):
        yield section(f"*{code(cluster)}*")
        for grant in grants:
            yield section(_grant(grant, tab.drawn_at))
            yield extend_or_revoke(grant, can_extend=grant.id not in tab.at_maximum)
    yield and_more(len(tab.grants) - _MOST_GRANTS)


def _waiting_requests(tab: HomeTab) -> Iterator[Block | None]:
    if not tab.requests:
        return
    yield header("Your waiting requests")
    for request in tab.requests[:_MOST_REQUESTS]:
        yield from request_item(request)
    yield and_more(len(tab.requests) - _MOST_REQUESTS)


def _asking(tab: HomeTab) -> Iterator[Block | None]:
    has_something = tab.grants or tab.requests or tab.to_decide or tab.to_review
    if tab.may_ask and has_something:
        yield header("Request access")
    elif tab.may_ask:
        yield section("*Need a database?* Request access. An approver decides. It ends by itself.")
    elif not tab.is_admitted:
        yield section("Guests can't request access here. Ask a full member of this workspace.")
    elif not has_something and tab.is_whole:
        yield section(
            "You can't request access to any cluster yet. Ask the people who run the databases."
        )
    for cluster, longest in list(tab.may_ask.items())[:_MOST_CLUSTERS]:
        terms = section(f"{code(cluster)} · max {show_duration(longest)}")
        yield {**terms, "block_id": f"ask:{cluster}", "accessory": ask_for_access(cluster)}
    if len(tab.may_ask) > _MOST_CLUSTERS:
        left = len(tab.may_ask) - _MOST_CLUSTERS
        yield context(f"… and {left} more. {code('/dbaccess clusters')} lists all.")
    finds_ip = tab.finds_ip and bool(tab.may_ask)
    yield emergency_or_my_ip(emergency=tab.emergency, finds_ip=finds_ip)


def _grant(grant: Grant, now: datetime) -> str:
    """What it is of is said by the heading above it."""
    where = manual_source(grant) if grant.adopted else source(grant)
    left = f", *{_left(grant.expires_at - now)} left*" if extend_or_revoke(grant) else ""
    return f"{numbered(grant)}: {where}, {ends(grant)}{left}"


def _left(left: timedelta) -> str:
    """Return it in whole minutes, or hours if it is long: the view is not redrawn for a while."""
    return in_minutes(left // _HOUR * _HOUR if left >= _DAY else left)
