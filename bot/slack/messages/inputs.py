"""Inputs: the fields that forms are made of."""

from collections.abc import Iterable, Mapping
from typing import Any

from bot.slack.limits import MOST_OPTIONS, OPTION_CHARACTERS, TITLE_CHARACTERS
from bot.slack.messages.blocks import Block
from bot.slack.messages.mrkdwn import cut


def field(
    block_id: str,
    label: str,
    element: Block,
    *,
    hint: str = "",
    optional: bool = False,
    dispatch: bool = False,
) -> Block:
    """Return a field with its label; with *dispatch* a choice reaches the bot at once."""
    block: Block = {
        "type": "input",
        "block_id": block_id,
        "label": plain(label),
        "element": element,
        "optional": optional,
    }
    more: Block = {"hint": plain(hint)} if hint else {}
    return block | more | ({"dispatch_action": True} if dispatch else {})


def text_input(action_id: str, value: str, placeholder: str, *, longest: int) -> Block:
    """Return a line to type in; *longest* counts characters, and of *value* no more is filled in.

    Slack refuses a form in which more is filled in than may be typed (`cut_note` says it).
    """
    value = value[:longest]
    element: Block = {
        "type": "plain_text_input",
        "action_id": action_id,
        "placeholder": plain(placeholder),
        "max_length": longest,
    }
    return element | ({"initial_value": value} if value else {})


def cut_note(value: str, longest: int) -> str:
    """Return what a field says of a value of which only a part is filled in."""
    return f"Cut to {longest:,} of {len(value):,} characters. " if len(value) > longest else ""


def menu(action_id: str, options: Mapping[str, str], chosen: str, placeholder: str) -> Block:
    """Return a menu of at most a hundred *options*, each a value with its text.

    What is *chosen* is among those that are shown; what is no option is not chosen.
    """
    shown = list(options)[:MOST_OPTIONS]
    if chosen in options and chosen not in shown:
        shown[-1] = chosen
    element: Block = {
        "type": "static_select",
        "action_id": action_id,
        "placeholder": plain(placeholder),
        "options": [option(options[value], value) for value in shown],
    }
    if chosen not in shown:
        return element
    return element | {"initial_option": option(options[chosen], chosen)}


def option(text: str, value: str, description: str = "") -> Block:
    """Return one thing to choose; Slack makes no emoji of what stands between colons in it."""
    shown = {"type": "plain_text", "text": cut(text, OPTION_CHARACTERS), "emoji": False}
    more: Block = {"description": plain(cut(description, OPTION_CHARACTERS))} if description else {}
    return {"text": shown, "value": value, **more}


def modal(
    callback_id: str,
    title: str,
    submit: str,
    blocks: Iterable[Block],
    *,
    private_metadata: str,
) -> dict[str, Any]:
    """Return a form; *private_metadata* is what it brings back when it is sent."""
    return {
        "type": "modal",
        "callback_id": callback_id,
        "private_metadata": private_metadata,
        "title": plain(cut(title, TITLE_CHARACTERS)),
        "submit": plain(submit),
        "close": plain("Cancel"),
        "blocks": list(blocks),
    }


def reading_form(title: str, blocks: Iterable[Block]) -> dict[str, Any]:
    """Return a form in which there is only something to read."""
    return {
        "type": "modal",
        "title": plain(cut(title, TITLE_CHARACTERS)),
        "close": plain("Close"),
        "blocks": list(blocks),
    }


def plain(text: str) -> Block:
    """Return text in which nothing is a format."""
    return {"type": "plain_text", "text": text}
