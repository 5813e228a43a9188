"""Modals, Home tabs, and the trigger ids that open them."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from dbaccess_playground.slack.controls import Control, fields
from dbaccess_playground.slack.errors import SlackError
from dbaccess_playground.slack.people import APP_ID, BOT_ID

TRIGGER_SECONDS = 3.0
DEEPEST_STACK = 3


class Triggers:
    """Trigger ids: valid for one view, within three seconds of the action they come from."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._issued: dict[str, tuple[str, float]] = {}
        self._used: set[str] = set()

    def issue(self, user_id: str) -> str:
        """Return a trigger id for what that person just did."""
        trigger_id = f"{len(self._issued) + 1}.{secrets.token_hex(8)}"
        self._issued[trigger_id] = (user_id, self._clock())
        return trigger_id

    def use(self, trigger_id: str) -> str:
        """Use a trigger id and return whose it is; SlackError if it is not valid."""
        if trigger_id not in self._issued:
            raise SlackError("invalid_trigger_id")
        if trigger_id in self._used:
            raise SlackError("exchanged_trigger_id")
        user_id, issued_at = self._issued[trigger_id]
        if self._clock() - issued_at > TRIGGER_SECONDS:
            raise SlackError("expired_trigger_id")
        self._used.add(trigger_id)
        return user_id


@dataclass
class OpenView:
    """A person's open modal or Home tab, with what they have entered so far."""

    id: str
    user_id: str
    definition: dict[str, Any]
    hash: str
    root_id: str
    previous_id: str | None = None
    entered: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    offered: dict[tuple[str, str], list[dict[str, Any]]] = field(default_factory=dict)

    @property
    def blocks(self) -> list[dict[str, Any]]:
        """Its blocks, with ids."""
        blocks: list[dict[str, Any]] = self.definition["blocks"]
        return blocks

    def enter(self, control: Control, answer: Any) -> dict[str, Any]:
        """Type or select something; return the control's new state."""
        state = control.answered(answer)
        self.entered[control.block_id, control.action_id] = state
        return state

    def seen(self, control: Control, name: str) -> dict[str, Any] | None:
        """Return the option with that text or value among those shown to the person."""
        chosen = self.state(control).get("selected_option")
        there = self.offered.get((control.block_id, control.action_id), [])
        shown = [chosen, *there] if chosen else there
        return next((one for one in shown if name in {one["text"]["text"], one["value"]}), None)

    def state(self, control: Control) -> dict[str, Any]:
        """Return a control's state."""
        return self.entered.get((control.block_id, control.action_id)) or control.untouched()

    def as_slack(self, team_id: str) -> dict[str, Any]:
        """Return the `view` object of the Web API and of interactive payloads."""
        values: dict[str, dict[str, Any]] = {}
        for control in fields(self.blocks):
            values.setdefault(control.block_id, {})[control.action_id] = self.state(control)
        shown = {
            "id": self.id,
            "team_id": team_id,
            "app_id": APP_ID,
            "app_installed_team_id": team_id,
            "bot_id": BOT_ID,
            "hash": self.hash,
            "root_view_id": self.root_id,
            "previous_view_id": self.previous_id,
            "callback_id": "",
            "external_id": "",
            "private_metadata": "",
            "title": None,
            "submit": None,
            "close": None,
            "clear_on_close": False,
            "notify_on_close": False,
            **self.definition,
            "state": {"values": values},
        }
        return deepcopy(shown)


class Views:
    """Everybody's open modals and Home tabs."""

    def __init__(self, team_id: str, new_id: Callable[[str], str]) -> None:
        self._team_id = team_id
        self._new_id = new_id
        self._stacks: dict[str, list[OpenView]] = {}
        self._homes: dict[str, OpenView] = {}

    def open(self, user_id: str, definition: dict[str, Any]) -> OpenView:
        """Open a modal, replacing all that this person has open."""
        self._stacks[user_id] = []
        return self.push(user_id, definition)

    def push(self, user_id: str, definition: dict[str, Any]) -> OpenView:
        """Put a modal on top; SlackError `push_limit_reached` for the fourth."""
        self._refuse_same_external_id(definition)
        stack = self._stacks.setdefault(user_id, [])
        if len(stack) >= DEEPEST_STACK:
            raise SlackError("push_limit_reached")
        view_id = self._new_id("V")
        view = OpenView(
            view_id,
            user_id,
            definition,
            hash=self._new_id("hash."),
            root_id=stack[0].id if stack else view_id,
            previous_id=stack[-1].id if stack else None,
        )
        stack.append(view)
        return view

    def update(
        self, view: OpenView, definition: dict[str, Any], known_hash: str | None
    ) -> OpenView:
        """Replace a view; what was entered stays where the ids are the same.

        SlackError `hash_conflict` if `known_hash` is not the current one.
        """
        if known_hash and known_hash != view.hash:
            raise SlackError("hash_conflict")
        view.definition, view.hash = definition, self._new_id("hash.")
        there = {(one.block_id, one.action_id) for one in fields(view.blocks)}
        view.entered = {key: state for key, state in view.entered.items() if key in there}
        return view

    def publish(self, user_id: str, definition: dict[str, Any], known_hash: str | None) -> OpenView:
        """Publish a Home tab."""
        if user_id in self._homes:
            return self.update(self._homes[user_id], definition, known_hash)
        view_id = self._new_id("V")
        home = OpenView(view_id, user_id, definition, self._new_id("hash."), root_id=view_id)
        self._homes[user_id] = home
        return home

    def find(self, *, view_id: str | None, external_id: str | None) -> OpenView:
        """Return the modal or Home tab with that id; SlackError `not_found` if there is none."""
        for view in [*self._modals(), *self._homes.values()]:
            if view_id == view.id or (
                external_id and external_id == view.definition.get("external_id")
            ):
                return view
        raise SlackError("not_found")

    def modal(self, user_id: str) -> OpenView | None:
        """Return the modal that person sees."""
        stack = self._stacks.get(user_id)
        return stack[-1] if stack else None

    def home(self, user_id: str) -> OpenView | None:
        """Return that person's Home tab; None if the bot has not published one."""
        return self._homes.get(user_id)

    def close(self, user_id: str, *, all_of_them: bool = False) -> None:
        """Close the modal on top, or all of them."""
        stack = self._stacks.get(user_id, [])
        del stack[0 if all_of_them else -1 :]

    def _modals(self) -> list[OpenView]:
        return [view for stack in self._stacks.values() for view in stack]

    def _refuse_same_external_id(self, definition: dict[str, Any]) -> None:
        external_id = definition.get("external_id")
        if external_id and any(
            view.definition.get("external_id") == external_id for view in self._modals()
        ):
            raise SlackError("duplicate_external_id")
