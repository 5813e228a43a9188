"""The checks that Slack itself makes before a form is submitted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dbaccess_playground.slack.controls import Control, fields
from dbaccess_playground.slack.views import OpenView


def missing(view: OpenView) -> list[str]:
    """Return why this modal cannot be submitted as it is; an empty list if it can."""
    return [
        reason
        for control in fields(view.blocks)
        if control.block["type"] == "input"
        for reason in _amiss(control, view.state(control))
    ]


def _amiss(control: Control, state: dict[str, Any]) -> Iterator[str]:
    (entered,) = (held for key, held in state.items() if key != "type")
    if entered in (None, "", []):
        if not control.block.get("optional"):
            yield f"{control.label!r} is required"
        return
    if control.kind == "plain_text_input":
        shortest = control.element.get("min_length", 0)
        longest = control.element.get("max_length", 3000)
        if not shortest <= len(entered) <= longest:
            yield f"{control.label!r} takes {shortest} to {longest} characters"
