"""Buttons: what can be pressed; each carries the number of its request or grant."""

from enum import StrEnum
from typing import Any

from bot.domain.lifecycle import GrantState, RequestState
from bot.domain.notices import GrantFacts, RequestFacts
from bot.slack.messages.blocks import Block


class Button(StrEnum):
    """The action ids."""

    APPROVE = "approve"
    DENY = "deny"
    EXTEND = "extend"
    REVOKE = "revoke"
    CANCEL = "cancel"


def approve_or_deny(request: RequestFacts, *, place: str = "request") -> Block | None:
    """Return the approver's buttons; none once the request is decided.

    *place* tells a request's rows of buttons apart where a view shows it twice.
    """
    if request.state is not RequestState.PENDING:
        return None
    return _row(
        f"{place}:{request.id}",
        _button(Button.APPROVE, "Approve", request.id, style="primary"),
        _button(Button.DENY, "Deny", request.id, style="danger"),
    )


def cancel(request: RequestFacts) -> Block | None:
    """Return the requester's button; none once the request is decided."""
    if request.state is not RequestState.PENDING:
        return None
    return _row(f"request:{request.id}", _button(Button.CANCEL, "Cancel request", request.id))


def extend_or_revoke(grant: GrantFacts) -> Block | None:
    """Return the holder's buttons; none once the grant was told to end."""
    if grant.state not in (GrantState.APPLYING, GrantState.ACTIVE):
        return None
    confirm = {
        "title": _plain("Revoke now?"),
        "text": _plain(f"#{grant.id} ends at once. Access can be asked for again at any time."),
        "confirm": _plain("Revoke now"),
        "deny": _plain("Keep it"),
        "style": "danger",
    }
    return _row(
        f"grant:{grant.id}",
        _button(Button.EXTEND, "Extend", grant.id),
        _button(Button.REVOKE, "Revoke now", grant.id, style="danger", confirm=confirm),
    )


def _row(block_id: str, *buttons: Block) -> Block:
    return {"type": "actions", "block_id": block_id, "elements": list(buttons)}


def _button(button: Button, text: str, number: int, **more: Any) -> Block:
    return {
        "type": "button",
        "action_id": button.value,
        "text": _plain(text),
        "value": str(number),
        **more,
    }


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text}
