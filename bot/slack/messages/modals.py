"""Modals: the small forms."""

from typing import Any

from bot.domain.limits import REASON_CHARACTERS
from bot.domain.refusals.any_refusal import AnyRefusal
from bot.slack.messages.blocks import section
from bot.slack.messages.inputs import modal, plain
from bot.slack.messages.quoting import in_plain_text
from bot.slack.messages.refusals import sentence

SAY_WHY = "Say why, in a few words."


def form_error(refused: AnyRefusal) -> str:
    """Return what is wrong with what was filled in: plain text below a field."""
    return sentence(refused, in_plain_text)


def deny_modal(request_id: int, *, summary: str, private_metadata: str) -> dict[str, Any]:
    """Return the form that asks an approver why not.

    Args:
        request_id: the request's number.
        summary: who asks for what, as mrkdwn; empty for who may not see that.
        private_metadata: what the form brings back when it is sent.
    """
    reason = {
        "type": "input",
        "block_id": "reason",
        "label": plain("Reason"),
        "hint": plain("The person who asked reads this, and so does the channel."),
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
        [section(summary or f"Request #{request_id}"), reason],
        private_metadata=private_metadata,
    )
