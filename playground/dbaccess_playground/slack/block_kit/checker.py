"""Checks messages, modals and Home tabs for what Slack would refuse or show wrongly."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from dbaccess_playground.slack.block_kit.elements import (
    AS_ACCESSORY,
    IN_ACTIONS,
    IN_CONTEXT,
    IN_INPUT,
    OPTION,
    OPTION_GROUPS,
    URL,
)
from dbaccess_playground.slack.block_kit.shapes import (
    Check,
    any_text,
    anything,
    boolean,
    both,
    by_type,
    dates,
    exactly_one,
    list_of,
    one_of,
    plain_text,
    problem,
    shape,
    string,
)

Surface = Literal["message", "modal", "home"]

LONGEST_TEXT = 40_000
ADVISED_TEXT = 4_000
MOST_BLOCKS = {"message": 50, "modal": 100, "home": 100}

_BLOCK_ID = string(255, pattern=r"(?s).+")


def _block(kind: str, needed: Mapping[str, Check], **allowed: Check) -> Check:
    return shape({"type": one_of(kind), **needed}, {"block_id": _BLOCK_ID, **allowed})


def _says_something(value: object, at: str) -> Iterator[str]:
    if isinstance(value, dict) and not {"text", "fields"} & value.keys():
        yield problem("a section needs text or fields", at)


def _distinct_actions(value: object, at: str) -> Iterator[str]:
    elements = value.get("elements") if isinstance(value, dict) else None
    named = Counter(
        str(one["action_id"])
        for one in (elements if isinstance(elements, list) else [])
        if isinstance(one, dict) and "action_id" in one
    )
    for action_id, times in named.items():
        if times > 1:
            yield problem(f"the action_id {action_id!r} is there {times} times", f"{at}/elements")


_RICH_PARTS = {
    kind: shape({"type": one_of(kind), "elements": list_of(anything, 0, 1000)}, more)
    for kind, more in {
        "rich_text_section": {},
        "rich_text_list": {
            "style": anything,
            "indent": anything,
            "offset": anything,
            "border": anything,
        },
        "rich_text_preformatted": {"border": anything},
        "rich_text_quote": {"border": anything},
    }.items()
}

BLOCKS: Mapping[str, Check] = {
    "section": both(
        _block(
            "section",
            {},
            text=any_text(3000),
            fields=list_of(any_text(2000), 1, 10),
            accessory=by_type(AS_ACCESSORY),
            expand=boolean,
        ),
        _says_something,
    ),
    "header": _block("header", {"text": plain_text(150)}),
    "context": _block("context", {"elements": list_of(by_type(IN_CONTEXT), 1, 10)}),
    "actions": both(
        _block("actions", {"elements": list_of(by_type(IN_ACTIONS), 1, 25)}), _distinct_actions
    ),
    "divider": _block("divider", {}),
    "input": _block(
        "input",
        {"label": plain_text(2000), "element": by_type(IN_INPUT)},
        hint=plain_text(2000),
        optional=boolean,
        dispatch_action=boolean,
    ),
    "image": both(
        _block(
            "image",
            {"alt_text": string(2000, pattern=r"(?s).+")},
            image_url=URL,
            slack_file=anything,
            title=plain_text(2000),
        ),
        exactly_one("image_url", "slack_file"),
    ),
    "rich_text": _block("rich_text", {"elements": list_of(by_type(_RICH_PARTS), 1, 1000)}),
}

_MESSAGE_KEYS = {
    "channel", "user", "ts", "thread_ts", "reply_broadcast", "attachments", "metadata", "mrkdwn",
    "parse", "link_names", "unfurl_links", "unfurl_media", "username", "icon_emoji", "icon_url",
    "as_user", "client_msg_id", "delete_original", "text", "blocks",
}  # fmt: skip
_MESSAGE = shape(
    {},
    {
        **dict.fromkeys(_MESSAGE_KEYS, anything),
        "response_type": one_of("ephemeral", "in_channel"),
        "replace_original": boolean,
    },
)

_VIEW_KEYS: Mapping[str, Check] = {
    "private_metadata": string(3000),
    "callback_id": string(255),
    "external_id": string(255),
}
_VIEWS: Mapping[str, Check] = {
    "modal": shape(
        {"type": one_of("modal"), "title": plain_text(24), "blocks": anything},
        {
            **_VIEW_KEYS,
            "submit": plain_text(24),
            "close": plain_text(24),
            "clear_on_close": boolean,
            "notify_on_close": boolean,
            "submit_disabled": boolean,
        },
    ),
    "home": shape({"type": one_of("home"), "blocks": anything}, _VIEW_KEYS),
}

_SUGGESTIONS = both(
    shape({}, {"options": list_of(OPTION, 0, 100), "option_groups": OPTION_GROUPS}),
    exactly_one("options", "option_groups"),
)


def problems(payload: Mapping[str, Any], surface: Surface) -> list[str]:
    """Return what is wrong with a message, a modal or a Home tab; an empty list if nothing is.

    `blocks` may be a list or the JSON text of one, as the Web API takes both. A message needs a
    `text` beside its blocks: notifications and screen readers use nothing else.
    """
    payload = {**payload, "blocks": read_blocks(payload.get("blocks"))}
    return [*(_message(payload) if surface == "message" else _view(payload, surface))]


def suggestion_problems(payload: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the answer to an external select's options request."""
    return list(_SUGGESTIONS(payload, ""))


def read_blocks(blocks: Any) -> Any:
    """Return blocks as a list, from a list or its JSON text; anything else unchanged."""
    if not isinstance(blocks, str):
        return blocks
    try:
        return json.loads(blocks)
    except ValueError:
        return blocks


def _message(payload: dict[str, Any]) -> Iterator[str]:
    if payload["blocks"] is None:
        del payload["blocks"]
    if payload.get("delete_original"):
        return
    yield from _MESSAGE(payload, "")
    text = payload.get("text")
    if not isinstance(text, str) or not text.strip():
        yield problem("a message needs a text, even with blocks", "/text")
    elif len(text) > ADVISED_TEXT:
        yield problem(f"the text is {len(text)} characters, over {ADVISED_TEXT}", "/text")
    yield from dates(text, "/text")
    if "blocks" in payload:
        yield from _blocks(payload["blocks"], "message", at_least=0)


def _view(payload: dict[str, Any], surface: Surface) -> Iterator[str]:
    yield from _VIEWS[surface](payload, "")
    yield from _blocks(payload["blocks"], surface, at_least=1)
    blocks = payload["blocks"] if isinstance(payload["blocks"], list) else []
    asks = any(isinstance(one, dict) and one.get("type") == "input" for one in blocks)
    if surface == "modal" and asks and "submit" not in payload:
        yield problem("a modal with an input needs a submit", "/submit")
    if _focused(blocks) > 1:
        yield problem("only one element can have focus_on_load", "/blocks")


def _focused(part: object) -> int:
    if isinstance(part, list):
        return sum(map(_focused, part))
    if isinstance(part, dict):
        return (part.get("focus_on_load") is True) + sum(map(_focused, part.values()))
    return 0


def _blocks(blocks: object, surface: Surface, *, at_least: int) -> Iterator[str]:
    yield from list_of(by_type(BLOCKS), at_least, MOST_BLOCKS[surface])(blocks, "/blocks")
    named = Counter(
        str(one["block_id"])
        for one in (blocks if isinstance(blocks, list) else [])
        if isinstance(one, dict) and "block_id" in one
    )
    for block_id, times in named.items():
        if times > 1:
            yield problem(f"the block_id {block_id!r} is there {times} times", "/blocks")
