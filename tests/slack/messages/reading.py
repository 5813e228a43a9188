"""Messages, forms and Home tabs as a person reads them, in a few lines each.

`# …` is a heading, `> …` a quote, `~ …` what is grey: context, hints, placeholders. A button is
`[Approve, green]`, a menu `[Choose ▾]` with its options behind it; what a control asks before it
acts, and the link that it opens, stand below. Times are in UTC.
"""

import html
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from difflib import SequenceMatcher
from typing import Any

from bot.slack.messages import Message

Json = dict[str, Any]

_COLOURS = {"primary": ", green", "danger": ", red"}
_MENUS = {"static_select", "external_select"}


def message_as_read(message: Message) -> str:
    """Return what a message says, and what its fallback text says differently."""
    return "\n".join([*_blocks(message.blocks), *_fallback(message)])


def said_by(message: Message) -> str:
    """Return what a message says, without its buttons and what they ask."""
    lines = (line.strip() for line in _blocks(message.blocks))
    return "".join(line for line in lines if not re.match(r"\[.*\]| *\S.* asks: ", line))


def view_as_read(view: Json) -> str:
    """Return what a form or a Home tab says."""
    lines = [*_blocks(view["blocks"])]
    if view["type"] == "modal":
        title, close = (view[part]["text"] for part in ("title", "close"))
        submit = f" [{view['submit']['text']}, green]" if "submit" in view else ""
        lines = [f"## {title}", *lines, f"[{close}]{submit}"]
    return "\n".join(lines)


def _blocks(blocks: Iterable[Json]) -> Iterator[str]:
    for block in blocks:
        yield from _block(block)


def _block(block: Json) -> Iterator[str]:
    match block:
        case {"type": "header", "text": text}:
            yield f"# {_words(text)}"
        case {"type": "section", "text": text, **more}:
            yield from _words(text).split("\n")
            yield from (f"  {_field(field)}" for field in more.get("fields", ()))
            if "accessory" in more:
                yield from _controls([more["accessory"]])
        case {"type": "context", "elements": [*texts]}:
            yield from (f"~ {line}" for text in texts for line in _words(text).split("\n"))
        case {"type": "rich_text", "elements": [{"type": kind, "elements": [{"text": text}]}]}:
            sign = {"rich_text_quote": "> ", "rich_text_preformatted": "    "}[kind]
            yield from (f"{sign}{line}" for line in text.split("\n"))
        case {"type": "actions", "elements": [*controls]}:
            yield from _controls(controls)
        case {"type": "input", "label": label, "element": element, **more}:
            optional = " (optional)" if more.get("optional") else ""
            yield f"{_words(label)}{optional}: {_control(element)}"
            yield from (f"  ~ {_words(hint)}" for hint in [more.get("hint")] if hint)
        case {"type": "divider"}:
            yield "---"
        case _:
            raise ValueError(f"how does one read {block}?")


def _controls(controls: list[Json]) -> Iterator[str]:
    yield " ".join(map(_control, controls))
    for control in controls:
        if "url" in control:
            yield f"  opens {control['url']}"
        if asks := control.get("confirm"):
            title, text, deny = (_words(asks[part]) for part in ("title", "text", "deny"))
            yield f"  {_name(control)} asks: *{title}* {text} [{deny}] {_button(asks, 'confirm')}"


def _control(element: Json) -> str:
    match element["type"]:
        case "button":
            return _button(element, "text")
        case kind if kind in _MENUS:
            chosen = element.get("initial_option")
            options = ", ".join(map(_option, element.get("options", ())))
            offered = f" of {options}" if options else ""  # others are found while one types
            shown = _option(chosen) if chosen else f"~ {_words(element['placeholder'])}"
            return f"[{shown} ▾]{offered}"
        case "overflow":
            return f"[⋯] of {', '.join(map(_option, element['options']))}"
        case "plain_text_input":
            grey = f"~ {_words(element['placeholder'])}" if "placeholder" in element else ""
            tall = " (several lines)" if element.get("multiline") else ""
            return f"[{element.get('initial_value') or grey or ' '}]{tall}"
        case kind:
            raise ValueError(f"how does one read {kind}?")


def _button(button: Json, part: str) -> str:
    return f"[{_words(button[part])}{_COLOURS[button['style']] if 'style' in button else ''}]"


def _option(option: Json) -> str:
    more = f" ({_words(option['description'])})" if "description" in option else ""
    return f"{_words(option['text'])}{more}"


def _name(control: Json) -> str:
    shown = control.get("text") or control.get("placeholder")
    return _words(shown) if shown else ", ".join(map(_option, control["options"]))


def _field(text: Json) -> str:
    return _words(text).replace("\n", " ")


def _words(text: Json) -> str:
    return _rendered(text["text"]) if text["type"] == "mrkdwn" else str(text["text"])


def _rendered(mrkdwn: str) -> str:
    """Return text with its mentions, times, links and entities as Slack would show them."""
    shown = re.sub("<([^<>]+)>", lambda found: _reference(found[1]), mrkdwn)
    return html.unescape(shown).replace("\N{WORD JOINER}", "")


def _reference(inside: str) -> str:
    target, _, label = inside.partition("|")
    if target.startswith("!date^"):
        _, seconds, form = target.split("^")
        return _time(datetime.fromtimestamp(int(seconds), UTC), form)
    if target.startswith("!subteam^"):
        return f"@{target.removeprefix('!subteam^')}"
    return f"{label} ({target})" if label else target


def _time(at: datetime, form: str) -> str:
    day, hour = f"{at:%Y-%m-%d}", f"{at:%H:%M}"
    parts = {"date_short_pretty": day, "time": hour, "ago": f"(time since {day} {hour})"}
    return form.format(**parts)


def _fallback(message: Message) -> Iterator[str]:
    """Say where the text of a notification is not, line by line, what the blocks say."""
    said = "\n".join(words for block in message.blocks for words in _said(block)).split("\n")
    text = _rendered(message.text).split("\n")
    changes = SequenceMatcher(None, said, text, autojunk=False).get_opcodes()
    for kind, start, end, text_start, text_end in changes:
        if kind == "equal":
            continue
        if start < end:
            yield f"fallback, {end - start} left out: {said[start]}"
        yield from (f"fallback: {line}" for line in text[text_start:text_end])


def _said(block: Json) -> Iterator[str]:
    match block:
        case {"type": "rich_text", "elements": [{"type": kind, "elements": [{"text": text}]}]}:
            yield f"“{text}”" if kind == "rich_text_quote" else text
        case {"type": "actions", "elements": [*controls]}:
            yield f"Buttons: {', '.join(map(_name, controls))}"
        case {"type": "context", "elements": [*texts]}:
            yield from map(_words, texts)
        case {"text": text, **more}:
            yield _words(text)
            yield from map(_field, more.get("fields", ()))
