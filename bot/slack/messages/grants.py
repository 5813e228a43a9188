"""Grants: what the holder and the thread of the request hear about access that is open."""

from collections.abc import Iterator

from bot.domain.actors import Actor
from bot.domain.durations import show_duration
from bot.domain.lifecycle import Grant
from bot.domain.notices import (
    Audience,
    GrantDelayed,
    GrantExpiring,
    GrantExtended,
    GrantIdle,
    GrantKept,
    GrantNotice,
    GrantPutBack,
    GrantRewritten,
    GrantStarted,
    Outdated,
    Revoking,
)
from bot.domain.principals import is_machine
from bot.slack.messages.blocks import Block, Message, context, message, quote, section
from bot.slack.messages.buttons import end_or_keep, extend_or_revoke
from bot.slack.messages.facts import comments, in_minutes, length, numbered, source, until
from bot.slack.messages.mrkdwn import clock, code, everyone, when, who
from bot.slack.messages.refusals import sentence

HOLDER_UNKNOWN = "Holder unknown (from a rule's label)"
_KNOWN_APPROVERS = {Actor.POLICY, Actor.EMERGENCY}  # the answer to the command said so


def grant_started(notice: GrantStarted) -> Message:
    """Return that the source is trusted now."""
    grant = notice.grant
    if grant.adopted:
        return message(
            section(
                f":timer_clock: *Set an expiry on {source(grant)}* (added manually): removed "
                f"{when(grant.expires_at)}."
            ),
            context(f"Access #{grant.id} on {code(grant.cluster)}"),
            _buttons(notice),
        )
    return message(
        section(
            f":white_check_mark: {_opened(notice)} until {until(grant)} ({_how_long(notice)})."
        ),
        *_approved(notice, numbered(grant), instead_of=_instead_of(notice)),
        _buttons(notice),
    )


def grant_delayed(notice: GrantDelayed) -> Message:
    """Return that access opens later, and why."""
    grant = notice.grant
    what = "" if is_below_card(notice) else f" {code(grant.cluster)}, {source(grant)}."
    return message(
        section(f":hourglass_flowing_sand: *Opening access…*{what}"),
        quote(sentence(notice.why), "It takes longer than usual."),
        None if is_below_card(notice) else context("Still trying."),
        _buttons(notice, extends=False),
    )


def grant_extended(notice: GrantExtended) -> Message:
    """Return that the end has moved."""
    grant = notice.grant
    longer = show_duration(notice.by)
    if grant.adopted:
        lead = f"*{source(grant)} stays {longer} longer*: removed {when(grant.expires_at)}."
    else:
        less = ""
        if notice.asked is not None:
            whose = "requested" if is_below_card(notice) else "you asked for"
            less = f" of the {show_duration(notice.asked)} {whose}"
        lead = f"*{access_of(notice)} extended by {longer}*{less}, until {until(grant)}."
    return message(
        section(f":heavy_plus_sign: {lead}"),
        *_approved(notice),
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
            _buttons(notice),
        )
    return message(
        section(
            f":alarm_clock: *{access_of(notice)} ends soon*: {clock(grant.expires_at)}, "
            f"from {source(grant)}."
        ),
        _facts(
            HOLDER_UNKNOWN if grant.requester == Actor.UNKNOWN else "",
            "" if notice.can_extend else "Can't be extended: maximum reached",
            _not_ours(notice),
        ),
        _buttons(notice),
    )


def grant_idle(notice: GrantIdle) -> Message:
    """Return the question whether a holder is done whose connection was not seen for a while."""
    grant = notice.grant
    return message(
        section(
            f":zzz: *No connection to {code(grant.cluster)} seen for {show_duration(notice.idle)}.*"
            " Done?"
        ),
        context(f"{numbered(grant)} · {source(grant)} · ends {clock(grant.expires_at)}"),
        end_or_keep(grant),
    )


def grant_kept(notice: GrantKept) -> Message:
    """Return the same message once its holder has said that they are not."""
    grant = notice.grant
    return message(
        section(
            f":white_check_mark: *Kept.* You can connect to {code(grant.cluster)} from "
            f"{source(grant)} until {until(grant)}."
        ),
        context(numbered(grant)),
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
            f":repeat: *{who(notice.by)} put access #{request.puts_back} back* as "
            f"access #{request.id}, {length(request)}."
        )
    )


def grant_rewritten(notice: GrantRewritten) -> Message:
    """Return that a vanished rule was written again."""
    grant = notice.grant
    return message(
        section(
            f":wrench: *{numbered(grant)} to {code(grant.cluster)} works again*: {source(grant)} "
            "had been removed outside dbaccess."
        )
    )


def revoking(notice: Revoking) -> Message:
    """Return the answer to a grant that is being ended."""
    grant = notice.grant
    if grant.adopted:
        return message(
            section(
                f":unlock: *Removing the expiry of {source(grant)}*. The rule "
                f"stays on {code(grant.cluster)}.{_how_it_is_told(grant)}"
            )
        )
    return message(
        section(
            f":lock: *Ending access #{grant.id}* to {code(grant.cluster)}.{_how_it_is_told(grant)}"
        )
    )


def _how_it_is_told(grant: Grant) -> str:
    """Return who else hears that it is done; the holder's own message is changed."""
    if grant.revoked_by == grant.requester or is_machine(grant.requester):
        return ""
    if grant.requester == Actor.UNKNOWN:
        return " The operators get a message."
    return f" {who(grant.requester)} gets a message."


def is_below_card(notice: GrantNotice) -> bool:
    """Tell whether the card that says the rest stands right above, in the same thread."""
    return notice.audience is Audience.OTHERS and notice.grant.requester != Actor.UNKNOWN


def access_of(notice: GrantNotice) -> str:
    """Return the number of access, and the cluster where no card above names it."""
    number = numbered(notice.grant)
    return number if is_below_card(notice) else f"{number} to {code(notice.grant.cluster)}"


def source_of(notice: GrantNotice) -> str:
    """Return the source of access, where no card above names it."""
    return "Its source" if is_below_card(notice) else source(notice.grant)


def _opened(notice: GrantStarted) -> str:
    grant, cluster = notice.grant, code(notice.grant.cluster)
    if is_below_card(notice):
        return f"*{numbered(grant)} is open*"
    if notice.audience is Audience.HOLDER:
        return f"*You can connect to {cluster}* from {source(grant)}"
    return f"*{cluster} is open for {who(grant.requester)}* from {source(grant)}"


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


def _approved(
    notice: GrantStarted | GrantExtended, number: str = "", *, instead_of: str = ""
) -> Iterator[Block | None]:
    """Yield who approved, and with which words, where no card above says so, too."""
    if is_below_card(notice):
        yield _facts(_not_ours(notice))
        return
    approvers = [one for one in notice.approvers if one not in _KNOWN_APPROVERS]
    by = f"Approved by {everyone(approvers)}{instead_of}" if approvers else ""
    yield _facts(number, by, _not_ours(notice))
    yield from comments(notice.comments, approvers=approvers)


def _facts(*facts: str) -> Block | None:
    said = [fact for fact in facts if fact]
    return context(" · ".join(said)) if said else None


def _buttons(notice: GrantNotice, *, extends: bool = True) -> Block | None:
    return extend_or_revoke(
        notice.grant,
        can_extend=extends and notice.can_extend,
        connects=notice.audience is Audience.HOLDER,
    )


def _not_ours(notice: GrantNotice) -> str:
    if notice.grant.owned is not False:
        return ""
    return f"{source_of(notice)} was trusted before and stays"
