import json
from collections.abc import Callable
from typing import Any

import pytest

from dbaccess_playground.slack.block_kit.checker import problems, suggestion_problems

Json = dict[str, Any]


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> Json:
    return {"type": "mrkdwn", "text": text}


def button(text: str = "Approve", action_id: str = "approve", **more: Any) -> Json:
    return {"type": "button", "text": plain(text), "action_id": action_id, **more}


def option(text: str, value: str | None = None) -> Json:
    return {"text": plain(text), "value": value or text}


def select(options: int = 2, **more: Any) -> Json:
    several = [option(f"cluster {number}") for number in range(options)]
    return {"type": "static_select", "action_id": "cluster", "options": several, **more}


def asking(element: Json, **more: Any) -> Json:
    return {"type": "input", "label": plain("Cluster"), "element": element, **more}


def actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": list(elements)}


def section(text: str = "hello", **more: Any) -> Json:
    return {"type": "section", "text": mrkdwn(text), **more}


def message(*blocks: Json, text: str = "a request") -> Json:
    return {"text": text, "blocks": list(blocks)}


def modal(*blocks: Json, **more: Any) -> Json:
    return {
        "type": "modal",
        "title": plain("Ask"),
        "submit": plain("Go"),
        "blocks": list(blocks),
        **more,
    }


CONFIRM = {
    "title": plain("Sure?"),
    "text": mrkdwn("*Really*"),
    "confirm": plain("Yes"),
    "deny": plain("No"),
}

APPROVAL = message(
    {"type": "header", "text": plain("Access to orders")},
    section(
        "*Ana* asks", fields=[mrkdwn("*For*\n2h")], accessory=button("Look", url="https://a.b/c")
    ),
    {"type": "divider"},
    {
        "type": "context",
        "elements": [
            mrkdwn("until <!date^1764000000^{date_short_pretty} at {time}|2025-11-24 16:00 UTC>"),
            {"type": "image", "image_url": "https://a.b/c.png", "alt_text": "new"},
        ],
    },
    actions(
        button(style="primary", value="7"),
        button("Deny", "deny", style="danger", confirm=CONFIRM),
        {"type": "overflow", "action_id": "more", "options": [option("Details")]},
        select(placeholder=plain("Cluster")),
    ),
    {
        "type": "image",
        "image_url": "https://a.b/c.png",
        "alt_text": "a graph",
        "title": plain("Load"),
    },
    {
        "type": "rich_text",
        "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "hi"}]}],
    },
)

FORM = modal(
    asking(select(initial_option=option("cluster 1")), block_id="cluster"),
    asking(
        {"type": "plain_text_input", "action_id": "source", "max_length": 100, "multiline": False},
        hint=plain("An IPv4 address"),
        dispatch_action=True,
    ),
    asking({"type": "users_select", "action_id": "who"}, optional=True),
    asking({"type": "external_select", "action_id": "droplet", "min_query_length": 0}),
    asking({"type": "radio_buttons", "action_id": "r", "options": [option("1 hour")]}),
    asking({"type": "checkboxes", "action_id": "c", "options": [option("urgent")]}),
    asking({"type": "datepicker", "action_id": "d", "initial_date": "2026-11-24"}),
    callback_id="request",
    private_metadata="{}",
    notify_on_close=True,
)

HOME = {"type": "home", "blocks": [section("My grants"), actions(button("Revoke"))]}


def test_what_slack_takes_has_no_problems() -> None:
    assert problems(APPROVAL, "message") == []
    assert problems(FORM, "modal") == []
    assert problems(HOME, "home") == []


def test_blocks_may_come_as_json() -> None:
    assert problems({**APPROVAL, "blocks": json.dumps(APPROVAL["blocks"])}, "message") == []
    assert problems({"text": "hi", "blocks": "[{"}, "message") == [
        "must be a list, not str [json-pointer:/blocks]"
    ]


def test_a_problem_says_what_and_where() -> None:
    assert problems(message(section("x" * 3001)), "message") == [
        "must be at most 3000 characters, not 3001 [json-pointer:/blocks/0/text/text]"
    ]


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        (message(section(), text=""), "needs a text"),
        ({"blocks": [section()]}, "needs a text"),
        (message(text="x" * 4001), "over 4000"),
        ({"text": "hi", "colour": "red"}, "unknown field: colour"),
        (message(*[section()] * 51), "0 to 50 items"),
        (message({"type": "carousel"}), "unsupported type: 'carousel'"),
        (message({"type": "section"}), "needs text or fields"),
        (message(section(colour="red")), "unknown field: colour"),
        (message(section(fields=[mrkdwn("x")] * 11)), "1 to 10 items"),
        (message(section(fields=[mrkdwn("x" * 2001)])), "at most 2000"),
        (message(section("")), "does not look right"),
        (message({"type": "section", "text": {**mrkdwn("x"), "emoji": True}}), "field: emoji"),
        (message({"type": "header", "text": plain("x" * 151)}), "at most 150"),
        (message({"type": "header", "text": mrkdwn("x")}), "must be one of plain_text"),
        (message({"type": "context", "elements": [plain("x")] * 11}), "1 to 10 items"),
        (message({"type": "context", "elements": [button()]}), "unsupported type: 'button'"),
        (message(actions()), "1 to 25 items"),
        (message(actions(*[button(action_id=str(n)) for n in range(26)])), "1 to 25 items"),
        (message(actions(button(), button())), "'approve' is there 2 times"),
        (message(actions(button("x" * 76))), "at most 75"),
        (message(actions(button(value="x" * 2001))), "at most 2000"),
        (message(actions(button(action_id="x" * 256))), "at most 255"),
        (message(actions(button(style="warning"))), "primary, danger"),
        (message(actions(button(confirm={**CONFIRM, "deny": plain("x" * 31)}))), "at most 30"),
        (message(actions(button(confirm={"title": plain("x")}))), "missing required field: text"),
        (message(actions(button(url="not a url"))), "does not look right"),
        (message(actions(select(101))), "1 to 100 items"),
        (message(actions(select(options=1, initial_option=option("other")))), "not one of the opt"),
        (
            message(actions({**select(), "option_groups": []})),
            "needs one of options, option_groups",
        ),
        (message(actions({"type": "static_select", "options": [option("x" * 76)]})), "at most 75"),
        (
            message(actions({"type": "static_select", "options": [option("x", "y" * 151)]})),
            "most 150",
        ),
        (
            message(actions({"type": "overflow", "options": [option(str(n)) for n in range(6)]})),
            "1 to 5",
        ),
        (message(section(block_id="a"), section(block_id="a")), "'a' is there 2 times"),
        (message(section(block_id="x" * 256)), "at most 255"),
        (
            message({"type": "image", "image_url": "https://a.b"}),
            "missing required field: alt_text",
        ),
        (message(section("<!date^soon^{time}|later>")), "whole seconds"),
        (message(section("<!date^1764000000^{time}>")), "fallback"),
        (message(section("<!date^1764000000^{hour}|16>")), "has the format '{hour}'"),
        (
            message({"type": "header", "text": plain("<!date^1^{time}|now>")}),
            "does not show <!date",
        ),
        (message(text="until <!date^1764000000^{time}>"), "fallback"),
    ],
)
def test_a_message_slack_would_refuse_or_show_wrongly_is_told(payload: Json, said: str) -> None:
    assert said in "\n".join(problems(payload, "message"))


def without(key: str) -> Callable[[Json], Json]:
    return lambda view: {name: value for name, value in view.items() if name != key}


@pytest.mark.parametrize(
    ("view", "said"),
    [
        (without("submit")(FORM), "needs a submit"),
        (without("title")(FORM), "missing required field: title"),
        (without("blocks")(FORM), "must be a list"),
        (modal(), "1 to 100 items"),
        (modal(*[section()] * 101), "1 to 100 items"),
        ({**FORM, "title": plain("x" * 25)}, "at most 24"),
        ({**FORM, "submit": plain("x" * 25)}, "at most 24"),
        ({**FORM, "close": plain("x" * 25)}, "at most 24"),
        ({**FORM, "callback_id": "x" * 256}, "at most 255"),
        ({**FORM, "private_metadata": "x" * 3001}, "at most 3000"),
        ({**FORM, "state": {}}, "unknown field: state"),
        ({**FORM, "type": "home"}, "unknown field: title"),
        (modal(asking(button())), "unsupported type: 'button'"),
        (modal({**asking(select()), "label": mrkdwn("x")}), "must be one of plain_text"),
        (modal(asking({"type": "plain_text_input", "max_length": 3001})), "from 1 to 3000"),
        (modal(asking({"type": "datepicker", "initial_date": "24.11."})), "does not look right"),
        (modal(*[asking(select(focus_on_load=True))] * 2), "only one element"),
    ],
)
def test_a_view_slack_would_refuse_is_told(view: Json, said: str) -> None:
    assert said in "\n".join(problems(view, "home" if view["type"] == "home" else "modal"))


@pytest.mark.parametrize("nonsense", [None, 1, "x", [1], [None], [[]], {"type": "section"}])
def test_nonsense_is_told_and_does_not_raise(nonsense: Any) -> None:
    assert problems({"text": "x", "blocks": [nonsense]}, "message")
    assert problems({"type": "modal", "title": nonsense, "blocks": nonsense}, "modal")


def test_suggestions_are_options_or_groups_of_them() -> None:
    assert suggestion_problems({"options": [option("web-1")]}) == []
    assert suggestion_problems({"options": [option("web-1")] * 101})
    assert suggestion_problems({})


def test_no_more_may_stand_in_an_input_at_first_than_may_be_typed() -> None:
    line = {"type": "plain_text_input", "action_id": "why", "max_length": 5}

    assert problems(modal(asking({**line, "initial_value": "short"})), "modal") == []
    [found] = problems(modal(asking({**line, "initial_value": "longer"})), "modal")
    assert "max_length" in found
