"""Blocks: the few of Slack's Block Kit that the messages are made of, within its limits."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bot.slack.limits import (
    FIELD_CHARACTERS,
    HEADER_CHARACTERS,
    MESSAGE_CHARACTERS,
    TEXT_CHARACTERS,
)
from bot.slack.messages.mrkdwn import cut, escape, inert, one_line

Block = dict[str, Any]

FALLBACK_CHARACTERS = MESSAGE_CHARACTERS - 100  # Slack may count a character as more than one
_QUOTED_CHARACTERS = 600
_QUOTED_FALLBACK_CHARACTERS = 300


@dataclass(frozen=True)
class Message:
    """What is posted. `text` says all of it to notifications and screen readers."""

    text: str
    blocks: list[Block]


def message(*blocks: Block | None) -> Message:
    """Return the message of these blocks; its text is what they say, one line each."""
    shown = [block for block in blocks if block is not None]
    said = "\n".join(words for block in shown for words in _said(block))
    return Message(text=cut(inert(said), FALLBACK_CHARACTERS), blocks=shown)


def section(text: str, fields: Sequence[str] = ()) -> Block:
    """Return a paragraph of mrkdwn, with short facts in two columns below it."""
    block: Block = {"type": "section", "text": _mrkdwn(text, TEXT_CHARACTERS)}
    if fields:
        block["fields"] = [_mrkdwn(field, FIELD_CHARACTERS) for field in fields]
    return block


def sections(lines: Iterable[str]) -> list[Block]:
    """Return lines of mrkdwn as few paragraphs, none of them too long."""
    pages: list[str] = []
    for line in lines:
        if pages and len(pages[-1]) + 1 + len(line) <= TEXT_CHARACTERS:
            pages[-1] = f"{pages[-1]}\n{line}"
        else:
            pages.append(line)
    return [section(page) for page in pages]


def context(text: str) -> Block:
    """Return a small grey line of mrkdwn."""
    return {"type": "context", "elements": [_mrkdwn(text, TEXT_CHARACTERS)]}


def header(text: str) -> Block:
    """Return a heading; its text is plain but for emoji names."""
    shown = one_line(text, HEADER_CHARACTERS)
    return {"type": "header", "text": {"type": "plain_text", "text": shown, "emoji": True}}


def quote(text: str, nothing: str) -> Block:
    """Return what somebody else wrote, letter by letter; *nothing* says that it is empty.

    The text of a rich text block is never parsed: there are no mentions, links or formats in it.
    """
    line = one_line(text, _QUOTED_CHARACTERS)
    if not line:
        return context(nothing)
    element = {"type": "rich_text_quote", "elements": [{"type": "text", "text": line}]}
    return {"type": "rich_text", "elements": [element]}


def divider() -> Block:
    """Return a line across."""
    return {"type": "divider"}


def _mrkdwn(text: str, longest: int) -> Block:
    """`verbatim`: Slack itself makes no links of what looks like an address or a channel."""
    return {"type": "mrkdwn", "text": cut(text, longest), "verbatim": True}


def _said(block: Block) -> Iterator[str]:
    match block:
        case {"type": "section", "text": text, **more}:
            yield text["text"]
            yield from (field["text"].replace("\n", " ") for field in more.get("fields", ()))
        case {"type": "context", "elements": [*texts]}:
            yield from (text["text"] for text in texts)
        case {"type": "header", "text": text}:
            yield escape(text["text"])
        case {"type": "rich_text", "elements": [{"elements": [{"text": text}]}]}:
            yield f"“{escape(one_line(text, _QUOTED_FALLBACK_CHARACTERS))}”"
        case {"type": "actions", "elements": [*controls]}:
            names = [_name(control) for control in controls]
            yield f"Buttons: {', '.join(names)}"
        case _:
            pass


def _name(control: Block) -> str:
    """Return what a button or menu says; an overflow menu says its options alone."""
    shown = control.get("text") or control.get("placeholder")
    return shown["text"] if shown else ", ".join(o["text"]["text"] for o in control["options"])
