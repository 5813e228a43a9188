"""What a human sees and can touch in Block Kit: texts, buttons, menus, fields."""

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
    """Something to press, choose or fill in, and the block it stands in."""

    block: Json
    element: Json

    @property
    def block_id(self) -> str:
        """The id of its block."""
        return str(self.block["block_id"])

    @property
    def action_id(self) -> str:
        """What the bot calls it."""
        return str(self.element["action_id"])

    @property
    def kind(self) -> str:
        """The type of the element."""
        return str(self.element["type"])

    @property
    def label(self) -> str:
        """The visible name: a button's text, a field's label, else the placeholder."""
        label = (
            self.element.get("text") or self.block.get("label") or self.element.get("placeholder")
        )
        return str((label or {}).get("text", ""))

    @property
    def options(self) -> list[Json]:
        """What there is to choose from, over all option groups."""
        groups = self.element.get("option_groups", [self.element])
        return [option for group in groups for option in group.get("options", [])]

    def is_called(self, name: str) -> bool:
        """Whether `name` is its visible name, its action_id or its block_id."""
        return name in {self.label, self.action_id, self.block_id}

    def untouched(self) -> Json:
        """The state it has before anybody touches it."""
        key = _ANSWERED_BY[self.kind]
        many = key.endswith("s")
        initial = self.element.get(key.replace("selected", "initial", 1), [] if many else None)
        if key == "value":
            initial = self.element.get("initial_value")
        return {"type": self.kind, key: deepcopy(initial)}

    def answered(self, answer: Any) -> Json:
        """The state it has once somebody chose or typed `answer`.

        An option is named by its visible text or its value; LookupError if there is none of that
        name. For fields that take several, `answer` is a list.
        """
        key = _ANSWERED_BY[self.kind]
        if key == "selected_option":
            answer = None if answer is None else self.option(answer)
        elif key == "selected_options":
            answer = [self.option(one) for one in answer]
        return {"type": self.kind, key: answer}

    def option(self, name: str | Json) -> Json:
        """The option of that visible text or value; a whole option is taken as it is."""
        if isinstance(name, dict):
            return name
        for option in self.options:
            if name in {option["text"]["text"], option["value"]}:
                return {"text": dict(option["text"]), "value": option["value"]}
        there = [option["text"]["text"] for option in self.options]
        raise LookupError(f"{self.label or self.action_id!r} has no option {name!r}, only {there}")


def controls(blocks: Iterable[Json]) -> list[Control]:
    """Everything interactive in these blocks, in reading order."""
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
    """The controls that keep what was entered: all but buttons and overflow menus."""
    return [one for one in controls(blocks) if one.kind not in {"button", "overflow"}]


def button_texts(blocks: Iterable[Json]) -> list[str]:
    """The texts of the buttons in these blocks, in reading order."""
    return [one.label for one in controls(blocks) if one.kind == "button"]


def find(blocks: Iterable[Json], name: str, value: str | None) -> Control:
    """The one control that is meant by a visible text or an action_id.

    `value` tells apart buttons that read the same. An option of an overflow menu is found by its
    own text too. LookupError, with what there is, when nothing or more than one thing fits.
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
    """A copy in which every block and every control has an id, as Slack gives them."""
    numbered = deepcopy(list(blocks))
    for block in numbered:
        block.setdefault("block_id", new_id())
        for element in [*block.get("elements", []), block.get("accessory"), block.get("element")]:
            if isinstance(element, dict) and element.get("type") in {"button", *_ANSWERED_BY}:
                element.setdefault("action_id", new_id())
    return numbered


def readable(part: Any) -> Iterator[str]:
    """Every text a human would read in these blocks, in order."""
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
