"""What Slack sends, read once into plain values. The payloads are signed, not therefore sane."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

from bot.domain.refusal import one_line

DENIAL = "deny"
REQUEST_FORM = "request"
EMERGENCY_FORM = "emergency"
SHORTCUT = "ask_for_access"
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
class Choice:
    """A time chosen from a menu that stands for a request."""

    number: int
    duration: timedelta
    interaction: Interaction


@dataclass(frozen=True)
class Denial:
    """The form behind `Deny`, sent off."""

    number: int
    reason: str
    interaction: Interaction


@dataclass(frozen=True)
class RequestForm:
    """The form that asks for access, sent off; the fields as they were typed."""

    cluster: str
    source: str
    duration: str
    reason: str
    interaction: Interaction

    @property
    def typed(self) -> dict[str, str]:
        """The fields by name."""
        return {name: getattr(self, name) for name in ("cluster", "source", "duration", "reason")}


class Unreadable(Exception):
    """A payload that does not say what it must."""


def is_payload(body: bytes, content_type: str) -> bool:
    """Tell whether a request's body is one of the kinds that Slack sends."""
    try:
        text = body.decode()
        if "json" in content_type:
            return isinstance(json.loads(text), dict)
        form = parse_qs(text, keep_blank_values=True)
        return "payload" not in form or isinstance(json.loads(form["payload"][0]), dict)
    except (ValueError, RecursionError):
        return False


def from_command(body: dict[str, Any]) -> Interaction:
    """Read a slash command.

    Raises:
        Unreadable: it does not say who typed it.
    """
    with _reading("a command"):
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
        Unreadable: it does not say who pressed what, for which request or grant.
    """
    with _reading("a press"):
        action = body["actions"][0]
        origin = f"press:{body.get('trigger_id') or action['action_ts']}"
        return Press(_number(action.get("value")), _interactive(body, origin))


def from_choice(body: dict[str, Any]) -> Choice:
    """Read what was chosen from a menu of times.

    Raises:
        Unreadable: it does not say what was chosen, or for which request.
    """
    with _reading("a choice"):
        action = body["actions"][0]
        number, _, seconds = str(action["selected_option"]["value"]).partition(":")
        origin = f"press:{body.get('trigger_id') or action['action_ts']}"
        duration = timedelta(seconds=_number(seconds))
        return Choice(_number(number), duration, _interactive(body, origin))


def from_denial(body: dict[str, Any]) -> Denial:
    """Read the form behind `Deny`.

    Raises:
        Unreadable: it does not say which request it is about.
    """
    with _reading("a denial"):
        view = body["view"]
        metadata = json.loads(view.get("private_metadata") or "{}")
        reason = view["state"]["values"]["reason"]["reason"].get("value") or ""
        interaction = _interactive(body, f"view:{view['id']}")
        return Denial(
            number=_number(metadata.get("request_id")),
            reason=one_line(reason)[:_REASON_CHARACTERS],
            interaction=replace(interaction, response_url=metadata.get("response_url")),
        )


def from_shortcut(body: dict[str, Any]) -> Interaction:
    """Read the choice of a global shortcut; there is no place to answer but a form.

    Raises:
        Unreadable: it does not say who chose it.
    """
    with _reading("a shortcut"):
        return _interactive(body, f"shortcut:{body['trigger_id']}")


def from_request_form(body: dict[str, Any]) -> RequestForm:
    """Read the form that asks for access.

    Raises:
        Unreadable: a field is not there.
    """
    with _reading("a request form"):
        view = body["view"]
        metadata = json.loads(view.get("private_metadata") or "{}")
        values = view["state"]["values"]
        typed = {
            name: str(values[name][name].get("value") or "")
            for name in ("source", "duration", "reason")
        }
        interaction = _interactive(body, f"view:{view['id']}")
        return RequestForm(
            cluster=str(values["cluster"]["cluster"]["selected_option"]["value"]),
            **typed,
            interaction=replace(interaction, response_url=metadata.get("response_url")),
        )


def form_metadata(response_url: str | None) -> str:
    """Return what the form that asks for access carries along."""
    return json.dumps({"response_url": response_url})


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


@contextmanager
def _reading(what: str) -> Iterator[None]:
    try:
        yield
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise Unreadable(f"{what} without what it must say: {error!r}"[:200]) from error


def _number(value: Any) -> int:
    text = str(value)
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Unreadable(f"not a number: {text[:40]!r}")
    return int(text)
