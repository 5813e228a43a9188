"""Buttons: what can be pressed; each carries the number and the mark of its request or grant."""

import json
from datetime import timedelta
from enum import StrEnum
from typing import Any

from bot.domain.durations import show_duration
from bot.domain.kept_form import KeptForm
from bot.domain.lifecycle import Grant, GrantState, RequestKind, RequestState
from bot.domain.marks import grant_mark, mark_of_grant, request_mark
from bot.domain.notices import RequestFacts
from bot.slack.limits import BUTTON_VALUE_CHARACTERS, CONFIRM_CHARACTERS
from bot.slack.messages.blocks import Block
from bot.slack.messages.mrkdwn import one_line

ALONE = "alone"
_SHORTER = [
    *(timedelta(minutes=minutes) for minutes in (5, 15, 30)),
    *(timedelta(hours=hours) for hours in (1, 2, 4, 8)),
    *(timedelta(days=days) for days in (1, 2, 3)),
    *(timedelta(weeks=weeks) for weeks in (1, 2)),
]
_MOST_SHORTER = 5


class Button(StrEnum):
    """The action ids."""

    APPROVE = "approve"
    DENY = "deny"
    EXTEND = "extend"
    REVOKE = "revoke"
    CANCEL = "cancel"
    APPROVE_FOR = "approve_for"
    REVIEWED = "reviewed"
    KEEP = "keep"
    PUT_BACK = "put_back"
    ASK = "ask"
    ASK_AGAIN = "ask_again"
    ASK_FROM = "ask_from"
    OPEN_LINK = "open_link"
    APPROVE_WITH = "approve_with"
    CONNECT = "connect"
    USE_ADDRESS = "use_address"
    READ_ADDRESS = "read_address"
    MY_IP = "my_ip"
    EMERGENCY = "emergency"


_LABELS = {
    Button.CANCEL: "Cancel request",
    Button.EXTEND: "Extend…",
    Button.ASK_AGAIN: "Ask again",
}


def approve_or_deny(request: RequestFacts, *, place: str = "request") -> Block | None:
    """Return the approver's buttons; none once the request is decided.

    *place* tells a request's rows of buttons apart where a view shows it twice.
    """
    if request.state is not RequestState.PENDING:
        return None
    return _row(
        f"{place}:{request.id}",
        _button(Button.APPROVE, "Approve", _request(request), style="primary"),
        _button(Button.DENY, "Deny", _request(request), style="danger"),
        *_approve_for_less(request),
        approve_with(request),
    )


def approve_with(request: RequestFacts) -> Block:
    """Return the menu whose `Approve…` opens the form for an approval with a message."""
    return {
        "type": "overflow",
        "action_id": Button.APPROVE_WITH.value,
        "options": [{"text": _plain("Approve…"), "value": _request(request)}],
    }


def connect(grant: Grant) -> Block:
    """Return the button that opens how to connect to a grant's cluster; for a row of buttons."""
    return _button(Button.CONNECT, "Connect", _grant(grant))


def review_or_revoke(request: RequestFacts) -> Block:
    """Return the approvers' buttons of an emergency; there may be nothing left to revoke."""
    became = grant_mark(
        request.decided_at or request.created_at, request.cluster_id, request.source
    )
    return _row(
        f"emergency:{request.id}",
        _button(Button.REVIEWED, "Mark reviewed", _request(request), style="primary"),
        *([] if request.has_ended else [_end_access(request.id, became)]),
    )


def cancel(request: RequestFacts, *, place: str = ALONE) -> Block | None:
    """Return the requester's button; none once the request is decided.

    `ALONE` is the *place* where a message is about nothing else, so that an answer may take it.
    """
    if request.state is not RequestState.PENDING:
        return None
    return _row(
        f"{place}:{request.id}", _button(Button.CANCEL, "Cancel request", _request(request))
    )


def extend_or_revoke(
    grant: Grant, *, can_extend: bool = True, connects: bool = True
) -> Block | None:
    """Return the holder's buttons; none once the grant was told to end.

    There is nothing to connect to before it is open.
    """
    if grant.state not in (GrantState.APPLYING, GrantState.ACTIVE):
        return None
    is_open = grant.state is GrantState.ACTIVE and not grant.adopted
    return _row(
        f"grant:{grant.id}",
        *([connect(grant)] if connects and is_open else []),
        *([_button(Button.EXTEND, "Extend…", _grant(grant))] if can_extend else []),
        _remove_expiry(grant) if grant.adopted else _end_access(grant.id, mark_of_grant(grant)),
    )


def end_or_keep(grant: Grant) -> Block:
    """Return the buttons of a holder who is asked whether they are done."""
    return _row(
        f"grant:{grant.id}",
        _end_access(grant.id, mark_of_grant(grant)),
        _button(Button.KEEP, "Keep", _grant(grant)),
    )


def alone(button: Button, number: int, mark: str) -> Block:
    """Return one button, for a message about nothing else than the request or grant it is for."""
    if button is Button.REVOKE:
        return _row(f"{ALONE}:{number}", _end_access(number, mark))
    return _row(f"{ALONE}:{number}", _button(button, _LABELS[button], f"{number}@{mark}"))


def ask_again(request: RequestFacts) -> Block:
    """Return the button that opens the form with what a closed request was for."""
    return _row(f"request:{request.id}", _button(Button.ASK_AGAIN, "Ask again", _request(request)))


def ask_again_for(grant: Grant) -> Block:
    """Return the button that opens the form with what an ended grant was for."""
    return _row(f"grant:{grant.id}", _button(Button.ASK_AGAIN, "Ask again", _grant(grant)))


def put_back(grant: Grant) -> Block:
    """Return the button for access that somebody took away outside dbaccess."""
    return _row(f"put_back:{grant.id}", _button(Button.PUT_BACK, "Put back", _grant(grant)))


def ask_for_access(cluster: str) -> Block:
    """Return the button that opens the form with a cluster filled in."""
    return {
        "type": "button",
        "action_id": Button.ASK.value,
        "text": _plain("Request access"),
        "value": cluster,
    }


def my_ip() -> Block:
    """Return the button for the page that reads somebody's address."""
    return _row("my_ip", _button(Button.MY_IP, "My IP", "my-ip"))


def emergency_or_my_ip(*, emergency: bool, finds_ip: bool) -> Block | None:
    """Return what else may be begun on the Home tab; none where there is neither."""
    offered = [
        *([_button(Button.EMERGENCY, "Emergency access…", "emergency")] if emergency else []),
        *([_button(Button.MY_IP, "My IP", "my-ip")] if finds_ip else []),
    ]
    return _row("begin", *offered) if offered else None


def open_link(url: str) -> Block:
    """Return the button that opens an address link in the browser; Slack tells us of the press."""
    button = {
        "type": "button",
        "action_id": Button.OPEN_LINK.value,
        "text": _plain("Show my address"),
        "url": url,
        "style": "primary",
    }
    return _row("myip", button)


def addresses(*, last: str, link: str, can_read: bool) -> list[Block]:
    """Return a form's row of buttons that fill in an address; none where none can be offered."""
    offered = []
    if link:
        offered.append(
            {
                "type": "button",
                "action_id": Button.OPEN_LINK.value,
                "text": _plain("Open page"),
                "url": link,
                "style": "primary",
            }
        )
    elif can_read:
        offered.append(_button(Button.READ_ADDRESS, "Use my IP", "my-ip"))
    if last:
        offered.append(_button(Button.USE_ADDRESS, f"Use {last} again", last))
    return [_row("addresses", *offered)] if offered else []


def ask_from(address: str, form: KeptForm | None = None) -> Block:
    """Return the button that opens the form with an address filled in, and what was typed before.

    What would not fit into a button is left out.
    """
    text, value = f"Request access from {address}", address
    if form:
        kept = json.dumps({"source": address} | form.model_dump(), ensure_ascii=False)
        value = kept if len(kept) <= BUTTON_VALUE_CHARACTERS else address
    return _row(f"address:{address}", _button(Button.ASK_FROM, text, value, style="primary"))


def _approve_for_less(request: RequestFacts) -> list[Block]:
    """Return a menu of the shorter times that make sense; none where there are none.

    Slack asks back in the same words whichever was chosen, so they name it only where it is one.

    A rule that was added manually must not go sooner than the approvers before agreed to.
    """
    if request.kind is RequestKind.ADOPTION:
        return []
    shorter = [d for d in _SHORTER if request.shortest <= d < request.duration]
    if not shorter:
        return []
    asked = "requested" if request.until else show_duration(request.duration)
    what = f"{request.cluster}, {request.source}"
    one = f"Approve for {show_duration(shorter[-1])} instead of {asked}? {what}"
    any_of_them = f"Approve for the time you chose instead of {asked}? {what}"
    confirm = {
        "title": _plain("Shorten?"),
        "text": _plain(one_line(one if len(shorter) == 1 else any_of_them, CONFIRM_CHARACTERS)),
        "confirm": _plain("Approve"),
        "deny": _plain("Cancel"),
    }
    menu = {
        "type": "static_select",
        "action_id": Button.APPROVE_FOR.value,
        "placeholder": _plain("Shorten…"),
        "options": [
            {
                "text": _plain(f"Approve for {show_duration(duration)}"),
                "value": f"{_request(request)}:{int(duration.total_seconds())}",
            }
            for duration in shorter[-_MOST_SHORTER:]
        ],
        "confirm": confirm,
    }
    return [menu]


def _remove_expiry(grant: Grant) -> Block:
    """Return the button that revokes an adopted grant, after which its rule stays."""
    confirm = {
        "title": _plain("Remove the expiry?"),
        "text": _plain(f"{grant.source} stays in the firewall, without an end."),
        "confirm": _plain("Remove expiry"),
        "deny": _plain("Cancel"),
    }
    return _button(Button.REVOKE, "Remove expiry", _grant(grant), confirm=confirm)


def _end_access(number: int, mark: str) -> Block:
    confirm = {
        "title": _plain("End access now?"),
        "text": _plain(f"Access #{number} ends now. Opening it again takes a new request."),
        "confirm": _plain("End access"),
        "deny": _plain("Cancel"),
        "style": "danger",
    }
    value = f"{number}@{mark}"
    return _button(Button.REVOKE, "End access", value, style="danger", confirm=confirm)


def _request(request: RequestFacts) -> str:
    return f"{request.id}@{request_mark(request.created_at)}"


def _grant(grant: Grant) -> str:
    return f"{grant.id}@{mark_of_grant(grant)}"


def _row(block_id: str, *buttons: Block) -> Block:
    return {"type": "actions", "block_id": block_id, "elements": list(buttons)}


def _button(button: Button, text: str, value: str, **more: Any) -> Block:
    return {
        "type": "button",
        "action_id": button.value,
        "text": _plain(text),
        "value": value,
        **more,
    }


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text}
