"""What a person sees and uses in Block Kit: texts, buttons, menus, fields."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

_TEXTS = {"plain_text", "mrkdwn", "text"}
_ANSWERED_BY = {
    "users_select": "selected_user",
    "channels_select": "selected_channel",
    "conversations_select": "selected_conversation",
    "multi_users_select": "selected_users",
    "multi_channels_select": "selected_channels",
    "multi_conversations_select": "selected_conversations",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "datetimepicker": "selected_date_time",
    "static_select": "selected_option",
    "external_select": "selected_option",
    "radio_buttons": "selected_option",
    "overflow": "selected_option",
    "multi_static_select": "selected_options",
    "multi_external_select": "selected_options",
    "checkboxes": "selected_options",
    "plain_text_input": "value",
    "email_text_input": "value",
    "url_text_input": "value",
    "number_input": "value",
}


@dataclass(frozen=True)
class Control:
    """An interactive element, and the block that it is in."""

    block: Json
    element: Json

    @property
    def block_id(self) -> str:
        """The id of its block."""
        return str(self.block["block_id"])

    @property
    def action_id(self) -> str:
        """The id that the bot gave it."""
        return str(self.element["action_id"])

    @property
    def kind(self) -> str:
        """The type of the element."""
        return str(self.element["type"])

    @property
    def label(self) -> str:
        """The visible name: a button's text, a field's label, or the placeholder."""
        label = (
            self.element.get("text") or self.block.get("label") or self.element.get("placeholder")
        )
        return str((label or {}).get("text", ""))

    @property
    def options(self) -> list[Json]:
        """The options of all option groups."""
        groups = self.element.get("option_groups", [self.element])
        return [option for group in groups for option in group.get("options", [])]

    def is_called(self, name: str) -> bool:
        """Return whether `name` is its label, its action_id or its block_id."""
        return name in {self.label, self.action_id, self.block_id}

    def untouched(self) -> Json:
        """Return its initial state."""
        key = _ANSWERED_BY[self.kind]
        many = key.endswith("s")
        initial = self.element.get(key.replace("selected", "initial", 1), [] if many else None)
        if key == "value":
            initial = self.element.get("initial_value")
        return {"type": self.kind, key: deepcopy(initial)}

    def answered(self, answer: Any) -> Json:
        """Return its state after somebody chose or typed `answer`.

        An option is named by its visible text or its value; LookupError if there is no such
        option. For fields that take several, `answer` is a list.
        """
        key = _ANSWERED_BY[self.kind]
        if key == "selected_option":
            answer = None if answer is None else self.option(answer)
        elif key == "selected_options":
            answer = [self.option(one) for one in answer]
        return {"type": self.kind, key: answer}

    def option(self, name: str | Json) -> Json:
        """Return the option with that visible text or value; an option object as it is."""
        if isinstance(name, dict):
            return name
        for option in self.options:
            if name in {option["text"]["text"], option["value"]}:
                return {"text": dict(option["text"]), "value": option["value"]}
        there = [option["text"]["text"] for option in self.options]
        raise LookupError(f"{self.label or self.action_id!r} has no option {name!r}, only {there}")


def controls(blocks: Iterable[Json]) -> list[Control]:
    """Return all interactive elements of these blocks, in reading order."""
    return [
        Control(block, element)
        for block in blocks
        for element in [
            *(block.get("elements", []) if block["type"] == "actions" else []),
            *([block["accessory"]] if "accessory" in block else []),
            *([block["element"]] if "element" in block else []),
        ]
        if "action_id" in element
    ]


def fields(blocks: Iterable[Json]) -> list[Control]:
    """Return the controls that hold a value: all but buttons and overflow menus."""
    return [one for one in controls(blocks) if one.kind not in {"button", "overflow"}]


def button_texts(blocks: Iterable[Json]) -> list[str]:
    """Return the texts of the buttons in these blocks, in reading order."""
    return [one.label for one in controls(blocks) if one.kind == "button"]


def find(blocks: Iterable[Json], name: str, value: str | None) -> Control:
    """Return the one control with that visible text or action_id.

    `value` distinguishes buttons with the same text. An overflow menu is also found by the text
    of an option. LookupError, with a list of the controls, if none or more than one matches.
    """
    there = controls(blocks)
    named = (
        [one for one in there if name in {one.label, one.action_id}]
        or [one for one in there if one.kind == "overflow" and name in _option_texts(one)]
        or [one for one in there if name == one.block_id]
    )
    fit = [
        one
        for one in named
        if one.kind != "button" or value is None or one.element.get("value") == value
    ]
    if len(fit) == 1:
        return fit[0]
    seen = [
        (one.label or _option_texts(one), one.action_id, one.element.get("value")) for one in there
    ]
    found = "nothing" if not fit else f"{len(fit)} things"
    raise LookupError(f"{found} here called {name!r} (value {value!r}); there is: {seen}")


def with_ids(blocks: Iterable[Json], new_id: Any) -> list[Json]:
    """Return a copy in which every block and every control has an id, as Slack assigns them."""
    numbered = deepcopy(list(blocks))
    for block in numbered:
        block.setdefault("block_id", new_id())
        for element in [*block.get("elements", []), block.get("accessory"), block.get("element")]:
            if isinstance(element, dict) and element.get("type") in {"button", *_ANSWERED_BY}:
                element.setdefault("action_id", new_id())
    return numbered


def readable(part: Any) -> Iterator[str]:
    """Yield every text that a person reads in these blocks, in order."""
    if isinstance(part, list):
        for one in part:
            yield from readable(one)
    elif isinstance(part, dict):
        if part.get("type") in _TEXTS and isinstance(part.get("text"), str):
            yield part["text"]
        for key, value in part.items():
            if key != "confirm":
                yield from readable(value)


def _option_texts(control: Control) -> list[str]:
    return [option["text"]["text"] for option in control.options]
