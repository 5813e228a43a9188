"""The interactive elements of Block Kit, by type, with the limits Slack documents for each."""

from collections.abc import Mapping

from dbaccess_playground.slack.block_kit.shapes import (
    Check,
    any_text,
    anything,
    boolean,
    both,
    exactly_one,
    initial_among_options,
    initial_value_fits,
    list_of,
    mrkdwn,
    number,
    one_of,
    plain_text,
    shape,
    string,
)

ACTION_ID = string(255, pattern=r"(?s).+")
URL = string(3000, pattern=r"[a-z][a-z0-9+.-]*:\S+")
_DATE = string(10, pattern=r"\d{4}-\d\d-\d\d")
_PLACEHOLDER = plain_text(150)
_ID = string(255, pattern=r"\S+")
_IDS = list_of(_ID, 0, 100)

_CONFIRM = shape(
    {
        "title": plain_text(100),
        "text": any_text(300),
        "confirm": plain_text(30),
        "deny": plain_text(30),
    },
    {"style": one_of("primary", "danger")},
)
_INPUT: Mapping[str, Check] = {"action_id": ACTION_ID, "focus_on_load": boolean}
_CHOICE: Mapping[str, Check] = {**_INPUT, "confirm": _CONFIRM}
_MENU: Mapping[str, Check] = {**_CHOICE, "placeholder": _PLACEHOLDER}
_MANY: Mapping[str, Check] = {**_MENU, "max_selected_items": number(1, 100)}
_DISPATCH = shape(
    {"trigger_actions_on": list_of(one_of("on_enter_pressed", "on_character_entered"), 1, 2)}
)


def _option(text: Check, **more: Check) -> Check:
    value = string(150, pattern=r"(?s).+")
    return shape({"text": text, "value": value}, {"description": plain_text(75), **more})


OPTION = _option(plain_text(75))
_RICH_OPTION = _option(any_text(75), description=any_text(75))
_OPTIONS = list_of(OPTION, 1, 100)
OPTION_GROUPS = list_of(shape({"label": plain_text(75), "options": _OPTIONS}), 1, 100)
_CONVERSATIONS = shape(
    {},
    {
        "include": list_of(one_of("im", "mpim", "private", "public"), 1, 4),
        "exclude_external_shared_channels": boolean,
        "exclude_bot_users": boolean,
    },
)


def _element(kind: str, allowed: Mapping[str, Check], **needed: Check) -> tuple[str, Check]:
    return kind, shape({"type": one_of(kind), **needed}, allowed)


def _menu(kind: str, allowed: Mapping[str, Check], **more: Check) -> tuple[str, Check]:
    return _element(kind, {**allowed, **more})


def _static(kind: str, allowed: Mapping[str, Check], **initial: Check) -> tuple[str, Check]:
    _, menu = _menu(kind, allowed, options=_OPTIONS, option_groups=OPTION_GROUPS, **initial)
    return kind, both(menu, exactly_one("options", "option_groups"), initial_among_options)


def _boxes(kind: str, **initial: Check) -> tuple[str, Check]:
    _, boxes = _element(kind, {**_CHOICE, **initial}, options=list_of(_RICH_OPTION, 1, 10))
    return kind, both(boxes, initial_among_options)


def _typed(kind: str, **more: Check) -> tuple[str, Check]:
    allowed = {**_INPUT, "placeholder": _PLACEHOLDER, "dispatch_action_config": _DISPATCH}
    name, element = _element(kind, {**allowed, "initial_value": string(3000), **more})
    return name, both(element, initial_value_fits)


MENUS: Mapping[str, Check] = dict(
    [
        _static("static_select", _MENU, initial_option=OPTION),
        _menu("external_select", _MENU, initial_option=OPTION, min_query_length=number(0, 100)),
        _menu("users_select", _MENU, initial_user=_ID),
        _menu("channels_select", _MENU, initial_channel=_ID, response_url_enabled=boolean),
        _menu(
            "conversations_select",
            _MENU,
            initial_conversation=_ID,
            default_to_current_conversation=boolean,
            response_url_enabled=boolean,
            filter=_CONVERSATIONS,
        ),
        _static("multi_static_select", _MANY, initial_options=_OPTIONS),
        _menu(
            "multi_external_select",
            _MANY,
            initial_options=_OPTIONS,
            min_query_length=number(0, 100),
        ),
        _menu("multi_users_select", _MANY, initial_users=_IDS),
        _menu("multi_channels_select", _MANY, initial_channels=_IDS),
        _menu(
            "multi_conversations_select", _MANY, initial_conversations=_IDS, filter=_CONVERSATIONS
        ),
    ]
)

PICKERS: Mapping[str, Check] = dict(
    [
        _boxes("checkboxes", initial_options=list_of(_RICH_OPTION, 1, 10)),
        _boxes("radio_buttons", initial_option=_RICH_OPTION),
        _menu("datepicker", _MENU, initial_date=_DATE),
        _menu("timepicker", _MENU, initial_time=string(5, pattern=r"\d\d:\d\d"), timezone=_ID),
        _menu("datetimepicker", _CHOICE, initial_date_time=number(10**9, 10**10 - 1)),
    ]
)

TYPED: Mapping[str, Check] = dict(
    [
        _typed(
            "plain_text_input",
            multiline=boolean,
            min_length=number(0, 3000),
            max_length=number(1, 3000),
        ),
        _typed("email_text_input"),
        _typed("url_text_input"),
        _element(
            "number_input",
            {
                **_INPUT,
                "initial_value": string(100),
                "min_value": string(100),
                "max_value": string(100),
                "placeholder": _PLACEHOLDER,
                "dispatch_action_config": _DISPATCH,
            },
            is_decimal_allowed=boolean,
        ),
    ]
)

_IMAGE_PLACE = {"image_url": URL, "slack_file": anything}
IMAGE: Check = both(
    shape({"type": one_of("image"), "alt_text": string(2000)}, _IMAGE_PLACE),
    exactly_one("image_url", "slack_file"),
)

BUTTONS: Mapping[str, Check] = dict(
    [
        _element(
            "button",
            {
                "action_id": ACTION_ID,
                "value": string(2000),
                "url": URL,
                "style": one_of("primary", "danger"),
                "confirm": _CONFIRM,
                "accessibility_label": string(75),
            },
            text=plain_text(75),
        ),
        _element(
            "overflow",
            {"action_id": ACTION_ID, "confirm": _CONFIRM},
            options=list_of(_option(plain_text(75), url=URL), 1, 5),
        ),
    ]
)

IN_ACTIONS: Mapping[str, Check] = {**BUTTONS, **MENUS, **PICKERS}
IN_INPUT: Mapping[str, Check] = {**TYPED, **MENUS, **PICKERS}
AS_ACCESSORY: Mapping[str, Check] = {**IN_ACTIONS, "image": IMAGE}
IN_CONTEXT: Mapping[str, Check] = {
    "image": IMAGE,
    "plain_text": plain_text(3000),
    "mrkdwn": mrkdwn(3000),
}
