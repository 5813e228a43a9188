"""Modals: the small forms."""

from typing import Any

from bot.domain.durations import sensible_durations, show_duration
from bot.domain.lifecycle import RequestKind
from bot.domain.limits import REASON_CHARACTERS
from bot.domain.notices import RequestFacts
from bot.domain.refusals.any_refusal import AnyRefusal
from bot.slack.messages.blocks import Block, section
from bot.slack.messages.cards import what_is_requested
from bot.slack.messages.inputs import field, menu, modal, plain, text_input
from bot.slack.messages.quoting import in_plain_text
from bot.slack.messages.refusals import sentence

SAY_WHY = "Say why, in a few words."


def form_error(refused: AnyRefusal) -> str:
    """Return what is wrong with what was filled in: plain text below a field."""
    return sentence(refused, in_plain_text)


def deny_modal(
    request_id: int, request: RequestFacts | None, *, private_metadata: str
) -> dict[str, Any]:
    """Return the form that asks an approver why not.

    Args:
        request_id: the request's number.
        request: what is known of it; None for who may not see it, or once it is decided.
        private_metadata: what the form brings back when it is sent.
    """
    reason = {
        "type": "input",
        "block_id": "reason",
        "label": plain("Reason"),
        "hint": plain("Required. The requester and the channel read this."),
        "element": {
            "type": "plain_text_input",
            "action_id": "reason",
            "multiline": True,
            "max_length": REASON_CHARACTERS,
            "focus_on_load": True,
        },
    }
    return modal(
        "deny",
        f"Deny request #{request_id}",
        "Deny",
        [*_what(request_id, request), reason],
        private_metadata=private_metadata,
    )


def approve_form(
    request_id: int, request: RequestFacts | None, *, as_asked: str, private_metadata: str
) -> dict[str, Any]:
    """Return the form for an approval with a message, perhaps for less time.

    Args:
        request_id: the request's number.
        request: what is known of it; None for who may not see it, or once it is decided.
        as_asked: the value of the option that leaves the duration as it was asked for.
        private_metadata: what the form brings back when it is sent.
    """
    message = text_input("comment", "", "Please use the replica", longest=REASON_CHARACTERS)
    return modal(
        "approve",
        f"Approve request #{request_id}",
        "Approve",
        [
            *_what(request_id, request),
            *(_shorter(request, as_asked) if request else []),
            field(
                "comment",
                "Message",
                message,
                hint="The requester and the channel read this.",
                optional=True,
            ),
        ],
        private_metadata=private_metadata,
    )


def _what(request_id: int, request: RequestFacts | None) -> list[Block]:
    """Return what the card says of a request; its number for who may not see more."""
    return what_is_requested(request) if request else [section(f"Request #{request_id}")]


def _shorter(request: RequestFacts, as_asked: str) -> list[Block]:
    """Return the menu of durations; an adopted rule must not be removed sooner than agreed (P4)."""
    if request.kind is RequestKind.ADOPTION:
        return []
    shorter = {
        str(int(one.total_seconds())): show_duration(one)
        for one in sensible_durations(request.shortest, request.duration, None)
        if one < request.duration
    }
    asked = f"{show_duration(request.duration)} (as requested)"
    options = {**shorter, as_asked: "As requested" if request.until else asked}
    return [field("duration", "Duration", menu("duration", options, as_asked, "Duration"))]
