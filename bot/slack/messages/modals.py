"""Modals: the forms."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from bot.domain.durations import show_duration
from bot.slack.messages.blocks import section

_REASON_CHARACTERS = 500
_MOST_OPTIONS = 100


def deny_modal(request_id: int, *, summary: str, private_metadata: str) -> dict[str, Any]:
    """Return the form that asks an approver why not.

    Args:
        request_id: the request's number.
        summary: who asks for what, as mrkdwn, like `summary_of` makes it.
        private_metadata: what the form brings back when it is sent.
    """
    return {
        "type": "modal",
        "callback_id": "deny",
        "private_metadata": private_metadata,
        "title": _plain(f"Deny request #{request_id}"),
        "submit": _plain("Deny"),
        "close": _plain("Back"),
        "blocks": [
            section(summary or f"Request #{request_id}"),
            {
                "type": "input",
                "block_id": "reason",
                "label": _plain("Reason"),
                "hint": _plain("The person who asked reads this, and so does the channel."),
                "element": {
                    "type": "plain_text_input",
                    "action_id": "reason",
                    "multiline": True,
                    "max_length": _REASON_CHARACTERS,
                    "focus_on_load": True,
                },
            },
        ],
    }


def request_modal(
    clusters: Sequence[str],
    *,
    chosen: str | None,
    source: str,
    duration: str,
    reason: str,
    private_metadata: str,
) -> dict[str, Any]:
    """Return the form that asks for access, filled in as far as is known.

    Args:
        clusters: the aliases to choose from; a menu holds a hundred at the most.
        chosen: the one that is meant unless the person says otherwise.
        source, duration, reason: what stands in the fields at first.
        private_metadata: what the form brings back when it is sent.
    """
    options = [{"text": _plain(alias), "value": alias} for alias in clusters[:_MOST_OPTIONS]]
    menu: dict[str, Any] = {"type": "static_select", "action_id": "cluster", "options": options}
    menu |= {"initial_option": next(o for o in options if o["value"] == chosen)} if chosen else {}
    return {
        "type": "modal",
        "callback_id": "request",
        "private_metadata": private_metadata,
        "title": _plain("Ask for access"),
        "submit": _plain("Ask"),
        "close": _plain("Back"),
        "blocks": [
            _input("cluster", "Cluster", menu),
            _input(
                "source",
                "From where",
                _text_input("source", source, "203.0.113.4"),
                hint="The public IPv4 address you connect from, or a network, droplet:ID, "
                "k8s:UUID, tag:NAME or app:UUID where the cluster takes them.",
            ),
            _input(
                "duration",
                "For how long",
                _text_input("duration", duration, "1h"),
                hint="Like 45s, 90m, 2h, 1h30m or 1d. Left empty: what is usual for the cluster.",
                optional=True,
            ),
            _input(
                "reason",
                "Why",
                _text_input("reason", reason, "fixing the nightly job")
                | {"max_length": _REASON_CHARACTERS},
                hint="The approvers read this.",
                optional=True,
            ),
        ],
    }


def emergency_modal(
    clusters: Mapping[str, timedelta],
    *,
    chosen: str | None,
    source: str,
    duration: str,
    reason: str,
    private_metadata: str,
) -> dict[str, Any]:
    """Return the form that confirms an emergency; the arguments are those of `request_modal`.

    Args:
        clusters: the aliases to choose from, with the longest time for each.
    """
    options = [
        {"text": _plain(f"{alias} (at most {show_duration(longest)})"), "value": alias}
        for alias, longest in list(clusters.items())[:_MOST_OPTIONS]
    ]
    menu: dict[str, Any] = {"type": "static_select", "action_id": "cluster", "options": options}
    menu |= {"initial_option": next(o for o in options if o["value"] == chosen)} if chosen else {}
    return {
        "type": "modal",
        "callback_id": "emergency",
        "private_metadata": private_metadata,
        "title": _plain("Emergency access"),
        "submit": _plain("Break the glass"),
        "close": _plain("Back"),
        "blocks": [
            section(
                ":rotating_light: You get access at once, without anybody's approval. The "
                "approvers and the operators are told now, with your name and your reason, and an "
                "approver reviews it afterwards."
            ),
            _input("cluster", "Cluster", menu),
            _input(
                "source",
                "From where",
                _text_input("source", source, "203.0.113.4"),
                hint="The public IPv4 address you connect from.",
            ),
            _input(
                "duration",
                "For how long",
                _text_input("duration", duration, "30m"),
                hint="Like 15m or 1h. Left empty: what is usual for the cluster.",
                optional=True,
            ),
            _input(
                "reason",
                "What is happening?",
                _text_input("reason", reason, "orders is down, I must look at the locks")
                | {"max_length": _REASON_CHARACTERS},
                hint="The approvers read this.",
            ),
        ],
    }


def _input(
    block_id: str, label: str, element: dict[str, Any], *, hint: str = "", optional: bool = False
) -> dict[str, Any]:
    block = {
        "type": "input",
        "block_id": block_id,
        "label": _plain(label),
        "element": element,
        "optional": optional,
    }
    return block | ({"hint": _plain(hint)} if hint else {})


def _text_input(action_id: str, value: str, placeholder: str) -> dict[str, Any]:
    element = {
        "type": "plain_text_input",
        "action_id": action_id,
        "placeholder": _plain(placeholder),
    }
    return element | ({"initial_value": value} if value else {})


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}
