"""Grants: what the holder and the thread of the request hear about access that is open."""

from collections.abc import Iterable, Iterator, Sequence

from bot.domain.actors import Actor
from bot.domain.durations import show_duration
from bot.domain.lifecycle import Grant
from bot.domain.notices import (
    Audience,
    Comment,
    GrantDelayed,
    GrantExpiring,
    GrantExtended,
    GrantNotice,
    GrantPutBack,
    GrantRewritten,
    GrantStarted,
    Outdated,
    Revoking,
)
from bot.slack.messages.blocks import Block, Message, context, message, quote, section
from bot.slack.messages.buttons import extend_or_revoke
from bot.slack.messages.facts import access, comments, in_minutes, numbered, source, terms, until
from bot.slack.messages.mrkdwn import clock, code, everyone, when, who
from bot.slack.messages.refusals import sentence


def grant_started(notice: GrantStarted) -> Message:
    """Return that the source is trusted now."""
    grant = notice.grant
    if grant.adopted:
        return message(
            section(
                f":timer_clock: *Set an expiry on {source(grant)}* (added manually): removed "
                f"{when(grant.expires_at)}."
            ),
            context(f"Access #{grant.id} on {code(grant.cluster)}. I'll warn you a day before."),
            _buttons(notice),
        )
    return message(
        section(
            f":white_check_mark: *{_opened(notice)}* from {source(grant)} until {until(grant)} "
            f"({_how_long(notice)})."
        ),
        *_footer(notice, notice.approvers, notice.comments, _instead_of(notice)),
        _not_ours(grant),
        _buttons(notice),
    )


def grant_delayed(notice: GrantDelayed) -> Message:
    """Return that access opens later, and why."""
    grant = notice.grant
    return message(
        section(
            f":hourglass_flowing_sand: *Opening access…* {code(grant.cluster)}, {source(grant)}."
        ),
        quote(sentence(notice.why), "It takes longer than usual."),
        context(f"{numbered(grant)}. Still trying. You get a message when it opens."),
        _buttons(notice, extends=False),
    )


def grant_extended(notice: GrantExtended) -> Message:
    """Return that the end has moved."""
    grant = notice.grant
    longer = show_duration(notice.by)
    if grant.adopted:
        lead = f"*{source(grant)} stays {longer} longer*: removed {when(grant.expires_at)}."
    else:
        lead = f"*Access to {code(grant.cluster)} extended by {longer}*, until {until(grant)}."
    return message(
        section(f":heavy_plus_sign: {lead}"),
        *_footer(notice, notice.approvers, notice.comments),
        _buttons(notice),
    )


def grant_expiring(notice: GrantExpiring) -> Message:
    """Return that the end is near, and what to do."""
    grant = notice.grant
    if grant.adopted:
        return message(
            section(
                f":alarm_clock: *{source(grant)} is removed soon*: {when(grant.expires_at)}, from "
                f"{code(grant.cluster)} (added manually)."
            ),
            context(f"Access #{grant.id}. Still needed? Extend it, or remove the expiry."),
            _buttons(notice),
        )
    return message(
        section(
            f":alarm_clock: *Access to {code(grant.cluster)} ends soon*: "
            f"{clock(grant.expires_at)}, from {source(grant)}."
        ),
        context("It can't be extended: the maximum is reached.") if not notice.can_extend else None,
        *_footer(notice),
        _not_ours(grant),
        _buttons(notice),
    )


def outdated(notice: Outdated) -> Message:
    """Return an older message about a grant as it looks once a newer one tells the rest."""
    grant = notice.grant
    what = f"{numbered(grant)} to"
    if grant.adopted:
        what = f"Expiry of {source(grant)} on"
    return message(context(f"{what} {code(grant.cluster)}: see the newer message."))


def grant_put_back(notice: GrantPutBack) -> Message:
    """Return, under the grant that was removed outside, where it goes on."""
    request = notice.request
    return message(
        section(
            f":repeat: *{who(notice.by)} put access #{request.puts_back} back* as #{request.id}: "
            f"{terms(request)}."
        )
    )


def grant_rewritten(notice: GrantRewritten) -> Message:
    """Return that a vanished rule was written again."""
    grant = notice.grant
    return message(
        section(
            f":wrench: *{numbered(grant)} works again*: {code(grant.cluster)}, {source(grant)}, "
            f"until {until(grant)}.\nIts firewall rule had been removed outside dbaccess."
        ),
        context("Happens again? Terraform or another tool may manage the same list."),
    )


def revoking(notice: Revoking) -> Message:
    """Return the answer to a grant that is being ended."""
    grant = notice.grant
    if grant.adopted:
        return message(
            section(
                f":unlock: *Removing the expiry of {source(grant)}* (access #{grant.id}). The rule "
                f"stays on {code(grant.cluster)}.{_how_it_is_told(grant)}"
            )
        )
    return message(
        section(f":lock: *Ending access #{grant.id}*: {access(grant)}.{_how_it_is_told(grant)}")
    )


def _how_it_is_told(grant: Grant) -> str:
    """Return who else hears that it is done; the holder's own message is changed."""
    if grant.revoked_by == grant.requester:
        return ""
    if grant.requester == Actor.UNKNOWN:
        return "\nThe operators get a message when it's done."
    return f"\n{who(grant.requester)} gets a message when it's done."


def _opened(notice: GrantStarted) -> str:
    cluster = code(notice.grant.cluster)
    if notice.audience is Audience.HOLDER:
        return f"You can connect to {cluster}"
    return f"{cluster} is open for {who(notice.grant.requester)}"


def _how_long(notice: GrantStarted) -> str:
    if notice.left is not None:
        late = "opened late, " if notice.grant.delayed_at else ""
        return f"{late}{in_minutes(notice.left)} left"
    return show_duration(notice.grant.expires_at - notice.grant.approved_at)


def _instead_of(notice: GrantStarted) -> str:
    if notice.asked is None:
        return ""
    given = notice.grant.expires_at - notice.grant.approved_at
    return f" for {show_duration(given)} instead of {show_duration(notice.asked)}"


def _footer(
    notice: GrantNotice,
    approvers: Sequence[str] = (),
    said: Iterable[Comment] = (),
    how_long: str = "",
) -> Iterator[Block]:
    """The number, and for the holder who approved, and with which words; the card says so, too."""
    grant = notice.grant
    is_approved = bool(approvers) and Actor.EMERGENCY not in approvers
    by = f" · Approved by {everyone(approvers)}{how_long}" if is_approved else ""
    whose = f" of {who(grant.requester)}" if grant.requester == Actor.UNKNOWN else ""
    yield context(f"{numbered(grant)}{whose}{by}")
    yield from comments(said)


def _buttons(notice: GrantNotice, *, extends: bool = True) -> Block | None:
    return extend_or_revoke(
        notice.grant,
        can_extend=extends and notice.can_extend,
        connects=notice.audience is Audience.HOLDER,
    )


def _not_ours(grant: Grant) -> Block | None:
    if grant.owned is not False:
        return None
    return context(f"{source(grant)} was in the firewall before, and stays there afterwards.")
