"""What Slack sends, read once into plain values. A valid signature does not make it valid."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from time import monotonic
from typing import Any
from urllib.parse import parse_qs

from bot.domain.commands import Container
from bot.domain.kept_form import KeptForm
from bot.domain.limits import REASON_CHARACTERS
from bot.domain.reply_to import ReplyTo
from bot.domain.typed_text import one_line
from bot.slack.messages.buttons import ALONE

DENIAL = "deny"
APPROVAL = "approve"
REQUEST_FORM = "request"
EMERGENCY_FORM = "emergency"
EXTENSION_FORM = "extension"
SHORTCUT = "ask_for_access"
AS_ASKED = "as-asked"
_ADDRESS_CHARACTERS = 100
_MARK_CHARACTERS = 64
_TS_CHARACTERS = 32
_MOST_DIGITS = 9
_AMISS = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
_SLACK_ID = re.compile(r"[A-Za-z0-9]{1,32}")
_ORIGIN = re.compile(r"[A-Za-z0-9._:-]{1,200}")
_URL = re.compile(r"https?://[!-~]{1,2000}")


@dataclass(frozen=True)
class Interaction:
    """Who did something, where, and how to answer them. A redelivery has the same `origin`.

    `in_place` as in `ReplyTo`. `received_at`: when it was read, by `time.monotonic` (seconds).
    """

    user_id: str
    team_id: str
    channel_id: str
    origin: str
    trigger_id: str
    response_url: str | None
    in_place: bool = False
    received_at: float = field(default_factory=monotonic, compare=False)

    @property
    def reply_to(self) -> ReplyTo:
        """Where the answer goes that follows later."""
        return ReplyTo(self.user_id, self.response_url, self.in_place)


@dataclass(frozen=True)
class SlashCommand:
    """`/dbaccess` with what follows it."""

    text: str
    interaction: Interaction


@dataclass(frozen=True)
class Press:
    """A button that was pressed; `number` is the request or grant it stands for.

    `mark` ties it to that very one (`bot.domain.marks`); `container` is where the button stood.
    """

    number: int
    mark: str
    container: Container
    interaction: Interaction


@dataclass(frozen=True)
class Choice:
    """A duration chosen from a request's menu; the rest as in `Press`."""

    number: int
    mark: str
    container: Container
    duration: timedelta
    interaction: Interaction


@dataclass(frozen=True)
class Asking:
    """The button that opens the form for one cluster."""

    cluster: str
    interaction: Interaction


@dataclass(frozen=True)
class AskingFrom:
    """The button that opens the form for one source, as if that had been typed.

    `form` is what stood in a form before, if the address was read for one.
    """

    source: str
    interaction: Interaction
    form: KeptForm | None = None


@dataclass(frozen=True)
class Denial:
    """The submitted form behind `Deny`; `mark` and `container` are those of the press."""

    number: int
    mark: str
    container: Container
    reason: str
    interaction: Interaction


@dataclass(frozen=True)
class Approval:
    """The submitted form behind `Approve…`; as `Denial`. `at_most`: for less time than asked."""

    number: int
    mark: str
    container: Container
    comment: str
    at_most: timedelta | None
    interaction: Interaction


@dataclass(frozen=True)
class OpenedTab:
    """Somebody opened a tab of the app: its Home, or its messages."""

    user_id: str
    team_id: str
    is_home: bool


@dataclass(frozen=True)
class ChangedAccount:
    """Somebody's account changed; `has_left`: it was deactivated."""

    user_id: str
    has_left: bool


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


def from_command(body: dict[str, Any]) -> SlashCommand:
    """Read a slash command.

    Raises:
        Unreadable: it does not say who typed it.
    """
    with reading("a command"):
        interaction = Interaction(
            user_id=slack_id(body["user_id"]),
            team_id=slack_id(body.get("team_id"), missing=""),
            channel_id=slack_id(body.get("channel_id"), missing=""),
            origin=origin("command", body["trigger_id"]),
            trigger_id=str(body["trigger_id"]),
            response_url=response_url(body.get("response_url")),
        )
        return SlashCommand(str(body.get("text") or ""), interaction)


def from_press(body: dict[str, Any]) -> Press:
    """Read a pressed button.

    Raises:
        Unreadable: it does not say who pressed what, for which request or grant.
    """
    with reading("a press"):
        action = body["actions"][0]
        named = origin("press", body.get("trigger_id") or action["action_ts"])
        menu = action.get("selected_option") or {}
        number, mark = _marked(action.get("value") or menu.get("value"))
        is_alone = str(action.get("block_id")).startswith(f"{ALONE}:")
        asked = replace(interactive(body, named), in_place=is_alone)
        return Press(number, mark, _container(body), asked)


def from_choice(body: dict[str, Any]) -> Choice:
    """Read what was chosen from a menu of times.

    Raises:
        Unreadable: it does not say what was chosen, or for which request.
    """
    with reading("a choice"):
        action = body["actions"][0]
        marked, _, seconds = str(action["selected_option"]["value"]).partition(":")
        named = origin("press", body.get("trigger_id") or action["action_ts"])
        duration = timedelta(seconds=number_of(seconds))
        number, mark = _marked(marked)
        return Choice(number, mark, _container(body), duration, interactive(body, named))


def from_asking(body: dict[str, Any]) -> Asking:
    """Read the button that opens the form.

    Raises:
        Unreadable: it does not say who pressed it, or for which cluster.
    """
    with reading("a button that opens the form"):
        action = body["actions"][0]
        named = origin("press", body.get("trigger_id") or action["action_ts"])
        return Asking(str(action["value"]), interactive(body, named))


def from_asking_from(body: dict[str, Any]) -> AskingFrom:
    """Read the button that opens the form with an address.

    Raises:
        Unreadable: it does not say who pressed it, or for which address.
    """
    with reading("a button that opens the form for an address"):
        action = body["actions"][0]
        named = origin("press", body.get("trigger_id") or action["action_ts"])
        value = str(action["value"])
        form = KeptForm.model_validate_json(value) if value.startswith("{") else None
        address = json.loads(value)["source"] if form else value
        source = one_line(str(address))[:_ADDRESS_CHARACTERS]
        return AskingFrom(source, interactive(body, named), form)


def from_denial(body: dict[str, Any]) -> Denial:
    """Read the form behind `Deny`.

    Raises:
        Unreadable: it does not say which request it is about.
    """
    with reading("a denial"):
        number, mark, container, interaction = _pressed_before(body)
        return Denial(number, mark, container, _written(body, "reason"), interaction)


def from_approval(body: dict[str, Any]) -> Approval:
    """Read the form behind `Approve…`.

    Raises:
        Unreadable: it does not say which request it is about, or what was chosen.
    """
    with reading("an approval"):
        number, mark, container, interaction = _pressed_before(body)
        menus = body["view"]["state"]["values"].get("duration") or {}
        chosen = (menus.get("duration") or {}).get("selected_option") or {}
        seconds = chosen.get("value", AS_ASKED)
        at_most = None if seconds == AS_ASKED else timedelta(seconds=number_of(seconds))
        comment = _written(body, "comment")
        return Approval(number, mark, container, comment, at_most, interaction)


def from_shortcut(body: dict[str, Any]) -> Interaction:
    """Read the use of a global shortcut, which can only be answered by a form.

    Raises:
        Unreadable: it does not say who chose it.
    """
    with reading("a shortcut"):
        return interactive(body, origin("shortcut", body["trigger_id"]))


def from_opened_tab(body: dict[str, Any]) -> OpenedTab:
    """Read that somebody opened a tab of the app.

    Raises:
        Unreadable: it does not say who.
    """
    with reading("an opened tab"):
        event = body["event"]
        return OpenedTab(
            user_id=slack_id(event["user"]),
            team_id=slack_id(body.get("team_id"), missing=""),
            is_home=event.get("tab", "home") == "home",
        )


def from_changed_account(body: dict[str, Any]) -> ChangedAccount:
    """Read that somebody's account changed.

    Raises:
        Unreadable: it does not say whose.
    """
    with reading("a changed account"):
        user = body["event"]["user"]
        return ChangedAccount(slack_id(user["id"]), has_left=user.get("deleted") is True)


def press_metadata(press: Press) -> str:
    """Return what the forms behind `Deny` and `Approve…` carry along."""
    carried = {
        "request_id": press.number,
        "mark": press.mark,
        "container": press.container.model_dump(mode="json"),
        "response_url": press.interaction.response_url,
    }
    return json.dumps(carried)


def interactive(body: dict[str, Any], origin: str) -> Interaction:
    """Return who did something interactive, and where."""
    user = body["user"]
    return Interaction(
        user_id=slack_id(user["id"]),
        team_id=slack_id(user.get("team_id") or (body.get("team") or {}).get("id"), missing=""),
        channel_id=slack_id((body.get("channel") or {}).get("id"), missing=""),
        origin=origin,
        trigger_id=str(body.get("trigger_id") or ""),
        response_url=response_url(body.get("response_url")),
    )


def slack_id(value: Any, *, missing: str | None = None) -> str:
    """Return an id of Slack's, or *missing* where there is none; ValueError if it is no id."""
    if not value and missing is not None:
        return missing
    return _matching(_SLACK_ID, value)


def response_url(value: Any) -> str | None:
    """Return where Slack wants an answer, if it does; ValueError if that is no address."""
    return _matching(_URL, value) if value else None


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Turn whatever is amiss with a payload, *what*, into `Unreadable`."""
    try:
        yield
    except _AMISS as error:
        raise Unreadable(f"{what} without what it must say: {error!r}"[:200]) from error


def origin(kind: str, value: Any) -> str:
    """Return what names an interaction, so that it counts once; ValueError if nothing does."""
    return f"{kind}:{_matching(_ORIGIN, value)}"


def _matching(pattern: re.Pattern[str], value: Any) -> str:
    """Return a text that the database takes as it is: of known letters, and not too long."""
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise ValueError(f"not of Slack's making: {str(value)[:40]!r}")
    return value


def _pressed_before(body: dict[str, Any]) -> tuple[int, str, Container, Interaction]:
    """Return what a form carries of the press that opened it, and who sends it now."""
    view = body["view"]
    metadata = json.loads(view.get("private_metadata") or "{}")
    interaction = interactive(body, origin("view", view["id"]))
    return (
        number_of(metadata.get("request_id")),
        str(metadata.get("mark") or ""),
        Container.model_validate(metadata.get("container") or {}),
        replace(interaction, response_url=response_url(metadata.get("response_url"))),
    )


def _written(body: dict[str, Any], field: str) -> str:
    """Return what was typed into a field of a form, on one line."""
    typed = body["view"]["state"]["values"][field][field].get("value") or ""
    return one_line(typed)[:REASON_CHARACTERS]


def _marked(value: Any) -> tuple[int, str]:
    """Return the number and the mark that a button carries; no mark where it has none."""
    number, _, mark = str(value).partition("@")
    return number_of(number), mark[:_MARK_CHARACTERS]


def _container(body: dict[str, Any]) -> Container:
    """Return where a button stood, by what Slack itself says of it."""
    if (body.get("view") or {}).get("type") == "home":
        return Container(is_home=True)
    where = body.get("container") or {}
    channel_id, ts = where.get("channel_id"), str(where.get("message_ts") or "")
    if where.get("type") != "message" or where.get("is_ephemeral"):
        return Container()
    return Container(channel=slack_id(channel_id, missing=""), ts=ts[:_TS_CHARACTERS])


def number_of(value: Any) -> int:
    """Return the number of a request or grant; `Unreadable` where it is none."""
    text = str(value)
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        raise Unreadable(f"not a number: {text[:40]!r}")
    return int(text)
