"""What Slack sends, read once into plain values. The payloads are signed, not therefore sane."""

import json
from dataclasses import dataclass
from typing import Any

DENIAL = "deny"
_REASON_CHARACTERS = 500


@dataclass(frozen=True)
class Interaction:
    """Who did something, where, and how to answer them. `origin` is the same for a repetition."""

    user_id: str
    team_id: str
    channel_id: str
    origin: str
    trigger_id: str
    response_url: str | None


@dataclass(frozen=True)
class Press:
    """A button that was pressed; `number` is the request or grant it stands for."""

    number: int
    interaction: Interaction


@dataclass(frozen=True)
class Denial:
    """The form behind `Deny`, sent off."""

    number: int
    reason: str
    interaction: Interaction


class Unreadable(Exception):
    """A payload that does not say what it must."""


def from_command(body: dict[str, Any]) -> Interaction:
    """Read a slash command."""
    return Interaction(
        user_id=str(body["user_id"]),
        team_id=str(body.get("team_id") or ""),
        channel_id=str(body.get("channel_id") or ""),
        origin=f"command:{body['trigger_id']}",
        trigger_id=str(body["trigger_id"]),
        response_url=body.get("response_url"),
    )


def from_press(body: dict[str, Any]) -> Press:
    """Read a pressed button.

    Raises:
        Unreadable: its value is not the number of a request or grant.
    """
    action = body["actions"][0]
    return Press(
        number=_number(action.get("value")),
        interaction=_interactive(body, f"press:{body.get('trigger_id') or action['action_ts']}"),
    )


def from_denial(body: dict[str, Any]) -> Denial:
    """Read the form behind `Deny`.

    Raises:
        Unreadable: it does not say which request it is about.
    """
    view = body["view"]
    try:
        metadata = json.loads(view.get("private_metadata") or "{}")
        reason = view["state"]["values"]["reason"]["reason"].get("value") or ""
    except (ValueError, KeyError, TypeError) as error:
        raise Unreadable("a denial without its fields") from error
    interaction = _interactive(body, f"view:{view['id']}")
    return Denial(
        number=_number(metadata.get("request_id")),
        reason=" ".join(reason.split())[:_REASON_CHARACTERS],
        interaction=Interaction(
            **{**vars(interaction), "response_url": metadata.get("response_url")}
        ),
    )


def denial_metadata(request_id: int, response_url: str | None) -> str:
    """Return what the form behind `Deny` carries along."""
    return json.dumps({"request_id": request_id, "response_url": response_url})


def _interactive(body: dict[str, Any], origin: str) -> Interaction:
    user = body["user"]
    return Interaction(
        user_id=str(user["id"]),
        team_id=str(user.get("team_id") or (body.get("team") or {}).get("id") or ""),
        channel_id=str((body.get("channel") or {}).get("id") or ""),
        origin=origin,
        trigger_id=str(body.get("trigger_id") or ""),
        response_url=body.get("response_url"),
    )


def _number(value: Any) -> int:
    text = str(value)
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Unreadable(f"not a number: {text[:40]!r}")
    return int(text)
