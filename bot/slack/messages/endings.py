"""Endings: how access ended, what is trusted still, and the next step."""

from collections.abc import Iterator
from datetime import timedelta

from bot.domain.actors import Actor
from bot.domain.lifecycle import EndReason, Grant
from bot.domain.notices import Audience, GrantEnded, GrantEnding
from bot.slack.messages.blocks import Block, Message, context, message, quote, section
from bot.slack.messages.buttons import ask_again_for, put_back
from bot.slack.messages.facts import how_to_adopt_again, near, numbered, source, until
from bot.slack.messages.grants import HOLDER_UNKNOWN, access_of, is_below_card, source_of
from bot.slack.messages.mrkdwn import code, who
from bot.slack.messages.refusals import sentence
from bot.slack.messages.sessions import connections_closed, connections_left

_WEEK = timedelta(weeks=1)


def grant_ending(notice: GrantEnding) -> Message:
    """Return the holder's message until access has ended."""
    grant = notice.grant
    if grant.adopted:
        return message(section(f":unlock: *Removing the expiry of {source(grant)}…*"))
    return message(section(f":lock: *Ending {numbered(grant).lower()} to {code(grant.cluster)}…*"))


def grant_ended(notice: GrantEnded) -> Message:
    """Return that a grant is over, what is trusted still, and the next step."""
    how = _how_the_rule_ended if notice.grant.adopted else _how_it_ended
    return message(
        section(f"{how(notice)}{_what_is_left(notice)}"),
        _why(notice),
        *_next_step(notice),
        _whose(notice),
    )


def _how_it_ended(notice: GrantEnded) -> str:
    grant, access = notice.grant, access_of(notice)
    match grant.end_reason:
        case EndReason.REVOKED:
            return f":lock: *{access} was ended*{_by(grant)}"
        case EndReason.REMOVED_OUTSIDE if notice.why:
            return f":warning: *{access} has ended early*"
        case EndReason.REMOVED_OUTSIDE:
            return f":warning: *{access} has ended early*: firewall rule removed outside dbaccess"
        case EndReason.FAILED:
            return f":warning: *{access} could not be opened*"
        case _:
            return f":lock: *{access} has ended*, {near(grant.expires_at, grant.approved_at)}"


def _how_the_rule_ended(notice: GrantEnded) -> str:
    """Of a rule that was added manually: nobody knows it by the number of its expiry."""
    grant, rule = notice.grant, f"{source(notice.grant)} on {code(notice.grant.cluster)}"
    match grant.end_reason:
        case EndReason.REVOKED:
            return f":unlock: *The expiry of {rule} was removed*{_by(grant)}"
        case EndReason.REMOVED_OUTSIDE if notice.why:
            return f":warning: *The rule for {rule} is gone before its expiry*"
        case EndReason.REMOVED_OUTSIDE:
            return (
                f":warning: *The rule for {rule} was removed outside dbaccess*, before its expiry"
            )
        case EndReason.FAILED:
            return f":warning: *The expiry of {rule} could not be set*"
        case _ if _stays(notice):
            return f":timer_clock: *The expiry of {rule} was reached*"
        case _:
            where = f"{source(grant)} was removed from {code(grant.cluster)}"
            return f":timer_clock: *{where}* at its expiry"


def _by(grant: Grant) -> str:
    return f" by {who(grant.revoked_by)}" if grant.revoked_by else ""


def _stays(notice: GrantEnded) -> bool:
    """Whether its source is trusted still, by whatever rule."""
    return bool(notice.still_wanted or notice.still_trusted or notice.is_open)


def _what_is_left(notice: GrantEnded) -> str:
    """Return how the first sentence ends, and what is trusted still."""
    grant, where = notice.grant, source_of(notice)
    if notice.still_wanted:
        return f". {where} stays trusted: other access needs it."
    if grant.end_reason is EndReason.FAILED:
        return "."
    if notice.is_open:
        cluster = "The cluster" if is_below_card(notice) else code(grant.cluster)
        return f".\n{cluster} is open to everyone: it has no trusted sources."
    if grant.leaves_rule and grant.end_reason is not EndReason.REMOVED_OUTSIDE:
        return ". The rule stays."
    if grant.source in notice.still_trusted:
        return f". {where} stays trusted: someone else added it."
    if notice.still_trusted:
        wider = ", ".join(code(str(one)) for one in notice.still_trusted)
        return f". {where} stays covered by {wider}, which someone else added."
    if grant.end_reason is EndReason.REMOVED_OUTSIDE:
        return f".{connections_closed(notice.sessions)}"
    if grant.adopted:
        return f".{connections_left(notice.sessions)}"
    return f": firewall rule removed.{connections_left(notice.sessions)}"


def _why(notice: GrantEnded) -> Block | None:
    if notice.grant.end_reason is not EndReason.FAILED and not notice.why:
        return None
    why = sentence(notice.why) if notice.why else ""
    return quote(why, "DigitalOcean accepted no change in time.")


def _next_step(notice: GrantEnded) -> Iterator[Block | None]:
    grant = notice.grant
    was_removed = grant.end_reason is EndReason.REMOVED_OUTSIDE and not notice.why
    if was_removed and not grant.adopted and grant.requester != Actor.UNKNOWN:
        yield section(
            f"A mistake? *Put back* restores it until {until(grant)}, without a new approval."
        )
        yield put_back(grant)
    elif grant.leaves_rule and grant.end_reason is EndReason.REVOKED:
        yield context(f"Set one again: {how_to_adopt_again(grant, _WEEK)}")
    elif grant.adopted and grant.end_reason is EndReason.EXPIRED and not _stays(notice):
        yield context("Still needed? Request access.")
    elif not grant.adopted and notice.audience is Audience.HOLDER:
        yield ask_again_for(grant)


def _whose(notice: GrantEnded) -> Block | None:
    """The thread's card says whose a grant is, unless nobody knows."""
    if notice.grant.requester != Actor.UNKNOWN:
        return None
    return context(HOLDER_UNKNOWN)
