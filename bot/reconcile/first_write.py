"""Before the first write: what was approved is looked at again, and may not hold any more (P4).

This happens in the transaction that begins an attempt, under the cluster's lock, where nobody waits
for Slack. So the policy is the one of this moment, and of people counts what Slack's directory said
when the last approval came (`Request.concerned`), and who has left since: `depart` notes that
with the request. A membership of a group that ended in between is not seen, mostly a matter of a
second; one that was never asked about, since the policy named another group then, is none.
"""

from datetime import datetime

from sqlmodel import Session

from bot.access.notifications import notify_of_grant
from bot.domain.entitlement import check_still_holds
from bot.domain.lifecycle import EndReason, Grant, GrantState
from bot.domain.notices import GrantEnded
from bot.domain.people import People
from bot.domain.policy import Policy
from bot.domain.refusal import NoLongerHolds
from bot.domain.refusals.any_refusal import AnyRefusal, as_detail
from bot.domain.refusals.clusters import LeftPolicy
from bot.store import audit, grants, requests
from bot.store.audit import Action


def refuse_what_no_longer_holds(
    session: Session, policy: Policy, grant: Grant, *, now: datetime
) -> Grant:
    """Return a grant as it is after another look; one that no longer holds has failed.

    Where an attempt may have written its rule already, it is still to be taken away.
    """
    why = why_it_no_longer_holds(session, policy, grant) if _is_new(grant) else None
    if why is None:
        return grant
    failed = grant.leave(EndReason.FAILED, now)
    if grant.sent_at is None:
        failed = failed.end(now)
        notice = GrantEnded(grant=failed, why=why)
        notify_of_grant(session, notice, failed, policy, at=now)
    grants.save(session, failed)
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


def why_it_no_longer_holds(session: Session, policy: Policy, grant: Grant) -> AnyRefusal | None:
    """Return why a grant would not be approved today; None where it would."""
    cluster = policy.clusters.get(grant.cluster)
    if cluster is None or str(cluster.id) != grant.cluster_id:
        return LeftPolicy(cluster=grant.cluster)
    behind = requests.behind(session, grant.id)
    own = requests.look_at(session, grant.id)
    people = People(
        person for request in [*behind, *([own] if own else [])] for person in request.concerned
    )
    try:
        check_still_holds(cluster, behind, people)
    except NoLongerHolds as refused:
        return refused.refusal
    return None


def _is_new(grant: Grant) -> bool:
    return grant.state is GrantState.APPLYING
