"""Actions: what the audit tells of, and which particulars of each are personal."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from bot.domain.actors import Actor

ACTOR = "actor"  # the field of a row's actor among its personal ones


class Action(StrEnum):
    """What can happen."""

    REQUESTED = "request.made"
    APPROVED = "request.approved"  # one approver's word; the last one also grants
    APPROVAL_DROPPED = "request.approval_dropped"  # its approver has lost the right
    DENIED = "request.denied"
    CANCELLED = "request.cancelled"
    LAPSED = "request.lapsed"
    REFUSED = "decision.refused"  # by somebody without the right to decide
    REMINDED = "request.reminded"
    BROKE_GLASS = "emergency.opened"
    REVIEWED = "emergency.reviewed"
    ADOPTION_REQUESTED = "adoption.requested"
    ADOPTED = "rule.adopted"  # it bears our label from now on
    GRANTED = "grant.approved"
    APPLIED = "grant.applied"
    EXTENDED = "grant.extended"
    WARNED = "grant.warned"
    ENDING = "grant.ending"
    ENDED = "grant.ended"
    REWRITTEN = "grant.rewritten"
    PUT_BACK = "grant.put_back"
    RECOVERED = "grant.recovered"
    RULES_WRITTEN = "cluster.rules_written"
    ATTEMPT_LOST = "cluster.attempt_lost"  # killed; if it wrote, no row says so
    LEFT_ALONE = "cluster.left_alone"  # a rule with our label that the policy does not allow
    FOUND_OPEN = "cluster.found_open"  # it has no rules at all
    CLOSED_AGAIN = "cluster.closed_again"
    GUARD_PLACED = "cluster.guard_placed"
    ALARMED = "cluster.alarmed"
    ALL_CLEAR = "cluster.all_clear"
    IDLE_ASKED = "grant.idle_asked"  # its holder, whether they are done
    KEPT = "grant.kept"  # they are not
    UNUSED = "grant.unused"  # no connection was seen in all of its time
    SESSIONS_ENDED = "sessions.ended"  # of who came from where nobody is trusted any more
    SESSIONS_ALARMED = "sessions.alarmed"  # they cannot be looked for, or do not end
    ISSUER_ALARMED = "issuer.alarmed"  # its keys cannot be read, so no token of it is verified
    ISSUER_BACK = "issuer.back"
    STREAM_ALARMED = "stream.alarmed"  # the audit's rows do not reach their receiver
    STREAM_RESUMED = "stream.resumed"
    STREAM_REPLAYED = "stream.replayed"
    UNDELIVERED = "message.undelivered"
    JOB_RETRIED = "job.retried"
    JOB_DROPPED = "job.dropped"
    KEY_CHANGED = "audit.key_changed"  # the first row that carries another key than the one before
    ERASED = "audit.erased"  # personal fields of rows and requests from before a time


# The particulars that are not personal; whatever does not stand here is, a new one too. `reason`
# is what somebody wrote, except at an end, where it is an `EndReason`. A refusal's `values` may
# repeat what somebody typed, and an error what DigitalOcean calls a source.
_PLAIN: Mapping[Action, frozenset[str]] = {
    Action.REQUESTED: frozenset({"duration", "extends"}),
    Action.APPROVED: frozenset({"at_most"}),
    Action.DENIED: frozenset({"why"}),
    Action.REFUSED: frozenset({"verdict", "why"}),
    Action.BROKE_GLASS: frozenset({"duration"}),
    Action.ADOPTION_REQUESTED: frozenset({"duration", "extends"}),
    Action.GRANTED: frozenset({"expires_at"}),
    Action.APPLIED: frozenset({"owned"}),
    Action.EXTENDED: frozenset({"by", "extension", "expires_at"}),
    Action.ENDING: frozenset({"reason", "rule", "why"}),
    Action.ENDED: frozenset({"reason", "rule", "why", "cluster_gone"}),
    Action.PUT_BACK: frozenset({"puts_back"}),
    Action.RECOVERED: frozenset({"label", "expires_at"}),
    Action.RULES_WRITTEN: frozenset({"kept", "certain"}),
    Action.ATTEMPT_LOST: frozenset({"since"}),
    Action.LEFT_ALONE: frozenset({"label"}),
    Action.ALARMED: frozenset({"since"}),
    Action.SESSIONS_ENDED: frozenset({"count"}),
    Action.SESSIONS_ALARMED: frozenset({"since"}),
    Action.ISSUER_ALARMED: frozenset({"issuer", "since", "error"}),
    Action.ISSUER_BACK: frozenset({"issuer", "since"}),
    Action.STREAM_ALARMED: frozenset({"since", "error"}),
    Action.STREAM_RESUMED: frozenset({"since"}),
    Action.STREAM_REPLAYED: frozenset({"first", "last"}),
    Action.UNDELIVERED: frozenset({"error"}),
    Action.JOB_RETRIED: frozenset({"job", "kind"}),
    Action.JOB_DROPPED: frozenset({"job", "kind"}),
    Action.KEY_CHANGED: frozenset({"before", "key"}),
    Action.ERASED: frozenset({"before", "rows", "requests"}),
}
_NOT_PEOPLE = frozenset(Actor)


def is_personal(action: Action, particular: str) -> bool:
    """Tell whether a particular of an action says, or may say, something about a person."""
    return particular not in _PLAIN.get(action, frozenset())


def personal_fields(action: Action, actor: str, detail: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of a row is personal: who acted, unless it was nobody, and of its detail."""
    acting = {} if actor in _NOT_PEOPLE else {ACTOR: actor}
    return acting | {key: value for key, value in detail.items() if is_personal(action, key)}
