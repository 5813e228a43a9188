"""Grants: what the holder and the thread of the request hear about access that is lent."""

from collections.abc import Sequence

from bot.domain.actors import Actor
from bot.domain.durations import show_duration
from bot.domain.lifecycle import EndReason, Grant
from bot.domain.notices import (
    GrantDelayed,
    GrantEnded,
    GrantExpiring,
    GrantExtended,
    GrantPutBack,
    GrantRewritten,
    GrantStarted,
    Outdated,
    Revoking,
)
from bot.slack.messages.blocks import Block, Message, context, message, quote, section
from bot.slack.messages.buttons import extend_or_revoke, put_back
from bot.slack.messages.facts import access, ask_again, foreign_rule_stays, source, terms
from bot.slack.messages.mrkdwn import code, everyone, when, who
from bot.slack.messages.refusals import sentence


def grant_started(notice: GrantStarted) -> Message:
    """Return that the source is trusted now."""
    grant = notice.grant
    if grant.adopted:
        return message(
            section(
                f":timer_clock: *#{grant.id}: the expiry is set*. {source(grant)}, a rule added "
                f"manually, is removed from {code(grant.cluster)} {when(grant.expires_at)}."
            ),
            context("You are told before that, so that it can be given more time."),
            extend_or_revoke(grant),
        )
    return message(
        section(
            f":white_check_mark: *#{grant.id} works now*: {code(grant.cluster)} trusts "
            f"{source(grant)} until {when(grant.expires_at)}.{_left(notice)}"
        ),
        _not_ours(grant),
        _approved(notice.approvers, _for_less(notice)),
        context(_hand_back(grant)),
        _whose(grant),
        extend_or_revoke(grant),
    )


def grant_delayed(notice: GrantDelayed) -> Message:
    """Return that access opens later, and why."""
    grant = notice.grant
    return message(
        section(
            f":hourglass_flowing_sand: *#{grant.id} takes longer*: {access(grant)} is approved, "
            "but has not opened yet."
        ),
        quote(sentence(notice.why), "No reason was given."),
        context("dbaccess keeps trying. You get a message when access opens."),
    )


def grant_extended(notice: GrantExtended) -> Message:
    """Return that the end has moved."""
    grant = notice.grant
    now_ends = f"{access(grant)} now ends {when(grant.expires_at)}"
    if grant.adopted:
        until = when(grant.expires_at)
        now_ends = f"{source(grant)} is removed from {code(grant.cluster)} {until}"
    return message(
        section(
            f":heavy_plus_sign: *#{grant.id} lasts {show_duration(notice.by)} longer*: {now_ends}."
        ),
        _approved(notice.approvers),
        None if grant.adopted else context(_hand_back(grant)),
        _whose(grant),
        extend_or_revoke(grant),
    )


def grant_expiring(notice: GrantExpiring) -> Message:
    """Return that the end is near, and what to do."""
    grant = notice.grant
    if grant.adopted:
        return _adopted_expiring(grant)
    more = code(f"/dbaccess extend {grant.id} 1h why")
    return message(
        section(
            f":alarm_clock: *#{grant.id} ends soon*: {access(grant)} ends {when(grant.expires_at)}."
        ),
        section(
            f"Need more time? Press *Extend…*, or write {more}; it is decided like any request. "
            "Done already? Press *Revoke now*. If you do nothing, it ends by itself."
        ),
        context(f"After that, {foreign_rule_stays(grant)}") if grant.owned is False else None,
        _whose(grant),
        extend_or_revoke(grant),
    )


def _adopted_expiring(grant: Grant) -> Message:
    more = code(f"/dbaccess extend {grant.id} 1w")
    return message(
        section(
            f":alarm_clock: *#{grant.id} expires soon*: {source(grant)}, a rule added manually, "
            f"is removed from {code(grant.cluster)} {when(grant.expires_at)}."
        ),
        section(
            f"Still needed? An approver can press *Extend…*, or write {more}. *Remove expiry* "
            "keeps the rule without an end."
        ),
        extend_or_revoke(grant),
    )


def grant_ended(notice: GrantEnded) -> Message:
    """Return that a grant is over, what is trusted still, and the next step."""
    grant = notice.grant
    return message(
        section(f"{_how_it_ended(notice)}{_what_is_left(notice)}"),
        _why(notice),
        *_next_step(notice),
        _whose(grant),
    )


def outdated(notice: Outdated) -> Message:
    """Return an older message about a grant as it looks once a newer one tells the rest."""
    grant = notice.grant
    return message(section(f"*#{grant.id}*: {access(grant)}. A newer message below tells more."))


def grant_put_back(notice: GrantPutBack) -> Message:
    """Return, under the grant that was removed outside, where it goes on."""
    request = notice.request
    return message(
        section(
            f":repeat: {who(notice.by)} put *#{request.puts_back}* back: it "
            f"goes on as *#{request.id}*, {terms(request)}."
        )
    )


def grant_rewritten(notice: GrantRewritten) -> Message:
    """Return that a vanished rule was written again."""
    grant = notice.grant
    return message(
        section(
            f":wrench: The rule of *#{grant.id}* had vanished, and dbaccess wrote it again: "
            f"{access(grant)} works until {when(grant.expires_at)}. There is nothing to do."
        ),
        context(
            "If this happens again, something else (Terraform, for example) looks after the same "
            f"list; whoever looks after {code(grant.cluster)} can keep the two apart."
        ),
        _whose(grant),
    )


def revoking(notice: Revoking) -> Message:
    """Return the answer to a grant that is being ended."""
    grant = notice.grant
    if grant.adopted:
        return message(
            section(
                f":unlock: *#{grant.id}: the expiry is being removed.* {source(grant)} stays on "
                f"{code(grant.cluster)}. {_how_it_is_told(grant)}"
            )
        )
    return message(
        section(
            f":lock: *#{grant.id} is being revoked*: {access(grant)} ends now. "
            f"{_how_it_is_told(grant)}"
        )
    )


def _how_it_is_told(grant: Grant) -> str:
    """Return how its holder hears that it is done: they may have a message that is changed."""
    if grant.revoked_by == grant.requester:
        return f"Your direct message about #{grant.id} says when it is done."
    holder = "the operators" if grant.requester == Actor.UNKNOWN else who(grant.requester)
    return f"A message to {holder} follows when it is done."


def _how_it_ended(notice: GrantEnded) -> str:
    grant = notice.grant
    by = f" by {who(grant.revoked_by)}" if grant.revoked_by else ""
    match grant.end_reason:
        case EndReason.REVOKED if grant.adopted:
            return f":unlock: *#{grant.id}: the expiry was removed*{by}."
        case EndReason.REVOKED:
            return f":lock: *#{grant.id} has ended*, it was revoked{by}."
        case EndReason.REMOVED_OUTSIDE if notice.why:
            return (
                f":warning: *#{grant.id} has ended early*: DigitalOcean no longer takes the rule "
                f"for {access(grant)}."
            )
        case EndReason.REMOVED_OUTSIDE:
            return (
                f":warning: *#{grant.id} has ended early*: the rule for {access(grant)} was "
                "removed outside dbaccess, in the control panel or by another tool."
            )
        case EndReason.FAILED if grant.adopted:
            return (
                f":warning: *#{grant.id}: the expiry could not be set*. {source(grant)} on "
                f"{code(grant.cluster)} is as it was."
            )
        case EndReason.FAILED:
            return (
                f":warning: *#{grant.id} could not be put in place*: {access(grant)} was approved, "
                "but did not come about."
            )
        case _:
            return f":lock: *#{grant.id} has ended*, its time is up."


def _what_is_left(notice: GrantEnded) -> str:
    grant, cluster = notice.grant, code(notice.grant.cluster)
    if notice.still_wanted:
        return f" {cluster} still trusts {source(grant)}: another grant needs it."
    if grant.end_reason is EndReason.FAILED:
        return ""
    if notice.is_open:
        return f" {cluster} has no trusted sources now, so it accepts connections from everywhere."
    if grant.leaves_rule and grant.end_reason is not EndReason.REMOVED_OUTSIDE:
        return (
            f" {cluster} still trusts {source(grant)}: the rule is as it was, and dbaccess leaves "
            "it alone."
        )
    if grant.source in notice.still_trusted:
        if grant.owned is False:
            return f" {foreign_rule_stays(grant)}"
        return f" {cluster} still trusts {source(grant)}: somebody else added a rule for it."
    if notice.still_trusted:
        wider = ", ".join(code(str(one)) for one in notice.still_trusted)
        return f" {cluster} still trusts {source(grant)} as a part of {wider}, which stays."
    if grant.end_reason is EndReason.REMOVED_OUTSIDE:
        return ""
    return f" {cluster} no longer trusts {source(grant)}."


def _why(notice: GrantEnded) -> Block | None:
    if notice.grant.end_reason is not EndReason.FAILED and not notice.why:
        return None
    why = sentence(notice.why) if notice.why else ""
    return quote(why, "Its time was up before DigitalOcean had taken it.")


def _next_step(notice: GrantEnded) -> list[Block]:
    grant = notice.grant
    was_removed = grant.end_reason is EndReason.REMOVED_OUTSIDE and not notice.why
    if was_removed and _can_be_put_back(grant):
        return [
            section(
                "Was that a mistake? Press *Put it back*: it was approved until "
                f"{when(grant.expires_at)}, and until then it needs no new approval. If you do not "
                "know who removed it, ask first; it may have been on purpose."
            ),
            put_back(grant),
        ]
    return [context(_what_to_do(grant))]


def _can_be_put_back(grant: Grant) -> bool:
    return not grant.adopted and grant.requester != Actor.UNKNOWN


def _what_to_do(grant: Grant) -> str:
    if grant.adopted and grant.end_reason is EndReason.FAILED:
        return "Nothing was changed."
    if grant.leaves_rule and grant.end_reason is EndReason.REVOKED:
        again = code(f"/dbaccess adopt {grant.cluster} {grant.source} 1w")
        return f"To set one again, write {again}."
    if grant.adopted:
        return "If something depended on it, ask for access in the usual way, or add it again."
    if grant.end_reason is EndReason.FAILED:
        return (
            f"It may work later: to ask again, write {ask_again(grant)}. If it does not, the "
            "people who look after the cluster can help."
        )
    return f"Need it again? Write {ask_again(grant)}."


def _hand_back(grant: Grant) -> str:
    revoke = code(f"/dbaccess revoke {grant.id}")
    return f"Done early? Press *Revoke now*, or write {revoke}, to hand it back."


def _left(notice: GrantStarted) -> str:
    return f" It opened late: {show_duration(notice.left)} left." if notice.left else ""


def _for_less(notice: GrantStarted) -> str:
    if notice.asked is None:
        return ""
    lent = notice.grant.expires_at - notice.grant.approved_at
    return f" for *{show_duration(lent)}* ({show_duration(notice.asked)} asked for)"


def _approved(approvers: Sequence[str], how_long: str = "") -> Block | None:
    """Return who approved; an emergency nobody did."""
    if not approvers or Actor.EMERGENCY in approvers:
        return None
    return context(f"Approved by {everyone(approvers)}{how_long}.")


def _not_ours(grant: Grant) -> Block | None:
    if grant.owned is not False:
        return None
    return section(
        f"{source(grant)} was trusted already, by a rule that somebody else added. dbaccess did "
        "not add that rule and will not remove it when this ends."
    )


def _whose(grant: Grant) -> Block | None:
    """The thread's card says whose a grant is, unless nobody knows."""
    if grant.requester != Actor.UNKNOWN:
        return None
    return context(f"It was granted to {who(grant.requester)}.")
