"""Before the first write, what was approved is checked again, and may not hold any more (P4).

This happens in the transaction that begins an attempt, under the cluster's lock, so Slack is not
asked. The policy is the current one. Of people, what counts is what Slack's directory said at the
last approval (`Request.concerned`), and whether they were deactivated since (`depart` records that
there). That somebody left a group in between, mostly within a second, is not noticed. Membership of
a group that was not asked about, because the policy did not name it then, counts as none.
"""

from datetime import datetime

from sqlmodel import Session

from bot.access.notifications import notify_of_grant
from bot.domain.audit_actions import Action
from bot.domain.entitlement import check_still_holds
from bot.domain.lifecycle import EndReason, Grant, GrantState, Request
from bot.domain.notices import GrantEnded
from bot.domain.people import People
from bot.domain.policy import Policy
from bot.domain.refusal import NoLongerHolds
from bot.domain.refusals.any_refusal import AnyRefusal, as_detail
from bot.domain.refusals.clusters import LeftPolicy
from bot.store import audit, grants, requests


def refuse_what_no_longer_holds(
    session: Session, policy: Policy, grant: Grant, asked: dict[int, Request], *, now: datetime
) -> Grant:
    """Return a grant after the check; one that no longer holds has failed.

    The request of one that was checked is added to *asked*, by its number.

    If an attempt may have written its rule already, that still has to be removed.
    """
    if grant.state is not GrantState.APPLYING:
        return grant
    why = why_it_no_longer_holds(session, policy, grant, asked)
    if why is None:
        return grant
    failed = grant.leave(EndReason.FAILED, now)
    if grant.sent_at is None:
        failed = failed.end(now)
    grants.save(session, failed)
    if failed.state is GrantState.ENDED:
        notify_of_grant(session, GrantEnded(grant=failed, why=why), policy, at=now)
    audit.record(
        session,
        Action.ENDED if failed.state is GrantState.ENDED else Action.ENDING,
        at=now,
        cluster=failed.cluster,
        request_id=failed.id,
        reason=failed.end_reason,
        **as_detail(why),
    )
    return failed


def why_it_no_longer_holds(
    session: Session, policy: Policy, grant: Grant, asked: dict[int, Request] | None = None
) -> AnyRefusal | None:
    """Return why a grant would not be approved now; None if it would.

    Its request is added to *asked*, by its number.
    """
    cluster = policy.clusters.get(grant.cluster)
    if cluster is None or str(cluster.id) != grant.cluster_id:
        return LeftPolicy(cluster=grant.cluster)
    behind = requests.behind(session, grant.id)
    own = next((one for one in behind if one.id == grant.id), None)
    others = [] if own else [requests.look_at(session, grant.id)]
    read = [*behind, *filter(None, others)]
    if asked is not None:
        asked |= {request.id: request for request in read if request.id == grant.id}
    established = [person for request in read for person in request.concerned]
    try:
        check_still_holds(cluster, behind, People(established, is_final=True))
    except NoLongerHolds as refused:
        return refused.refusal
    return None
