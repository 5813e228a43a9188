"""What comes to the door with a valid signature and is not quite what Slack sends.

Each payload begins as one of Slack's and is then bent: values are taken away, or replaced by
something of another type, size or alphabet.
"""

import json
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_from_bytes, urlencode

from hypothesis import strategies as st

from tests.scenarios.world import EVE, GITA, OSCAR

Json = dict[str, Any]

TEAM_ID = "T0SANDBOX"

FORM, JSON = "application/x-www-form-urlencoded", "application/json"
STRANGERS = (OSCAR, GITA, EVE, "U0NOBODY")  # nobody who may decide, and whose nothing is
DEEP: Any = json.loads("[" * 60 + "]" * 60)
JUNK: list[Any] = [
    None, True, 0, -1, 1.5, 1e308, float("nan"), float("inf"), 10**40, 10**400,
    "", " ", "1", "2", "-1", "1e3", "0x1", "9" * 20, "\u0663", "1:3600", "1:" + "9" * 20, "orders",
    "\x00", "U\x00", "\ud800", "\u202e", "\x1b[31m", "x" * 40, "x" * 300, "<!channel>", "'; --",
    [], [None], {}, {"id": {}}, {"value": None}, [{}], DEEP,
]  # fmt: skip
ACTIONS = (
    "approve", "deny", "extend", "revoke", "cancel", "approve_for", "reviewed", "ask", "ask_from",
    "open_link", "cluster", "kind", "source", "open_sesame",
)  # fmt: skip
_WORDS = st.sampled_from(
    [
        "request",
        "emergency",
        "adopt",
        "extend",
        "revoke",
        "cancel",
        "list",
        "all",
        "history",
        "sources",
        "connect",
        "clusters",
        "myip",
        "help",
        "orders",
        "1",
        "2",
        "#2",
        "99999999999",
        "203.0.113.9",
        "203.0.113.0/28",
        "0.0.0.0/0",
        "2001:db8::1",
        "tag:backend",
        "droplet:1",
        "2h",
        "0s",
        "999999w",
        "1h30m",
        "\x00",
        "\u202e",
        "<!channel>",
        "`",
        "&",
        "\ud7ff",
    ]
)
TYPED = st.one_of(
    st.lists(st.one_of(_WORDS, st.text(max_size=12)), max_size=7).map(" ".join),
    st.text(max_size=200),
)


@dataclass(frozen=True)
class Sent:
    """A body, and what it says that it is."""

    body: bytes
    content_type: str


def _interactive(kind: str, user: str, **more: Any) -> Json:
    return {
        "type": kind,
        "user": {"id": user, "team_id": TEAM_ID, "username": "x"},
        "team": {"id": TEAM_ID, "domain": "x"},
        "channel": {"id": "C0APPROVALS", "name": "x"},
        "trigger_id": "1.2.abc",
        "response_url": None,
        **more,
    }


def _press(user: str, action_id: str, value: Any) -> Json:
    option = {"text": {"type": "plain_text", "text": "x"}, "value": f"{value}:3600"}
    action = {
        "type": "button",
        "action_id": action_id,
        "block_id": f"request:{value}",
        "value": str(value),
        "selected_option": option,
        "action_ts": "1700000000.1",
    }
    return _interactive("block_actions", user, actions=[action], view=_view("request"))


def _view(callback_id: str) -> Json:
    def field(action_id: str, value: str) -> Json:
        return {action_id: {"type": "plain_text_input", "value": value}}

    return {
        "id": "V0FORGED",
        "hash": "1.a",
        "type": "modal",
        "callback_id": callback_id,
        "private_metadata": json.dumps({"request_id": 1, "response_url": None, "address": ""}),
        "state": {
            "values": {
                "cluster": {"cluster": {"selected_option": {"value": "orders"}}},
                "source:ip_addr": field("source", "203.0.113.9"),
                "duration": field("duration", "2h"),
                "reason": field("reason", "because"),
            }
        },
    }


def _event(user: str, kind: str) -> Json:
    event = {"type": kind, "user": user, "tab": "home"}
    if kind == "user_change":
        event["user"] = {"id": user, "deleted": True}  # type: ignore[assignment]  # as Slack has it
    return {
        "type": "event_callback",
        "team_id": TEAM_ID,
        "event": event,
        "authorizations": [{"team_id": TEAM_ID, "enterprise_id": None}],
        "event_id": "Ev1",
    }


def _command(user: str, text: str) -> Json:
    return {
        "command": "/dbaccess",
        "text": text,
        "user_id": user,
        "team_id": TEAM_ID,
        "channel_id": "C0GENERAL",
        "trigger_id": "1.2.abc",
    }


_USERS = st.sampled_from(STRANGERS)
_WHOLE = st.one_of(
    st.builds(_press, _USERS, st.sampled_from(ACTIONS), st.sampled_from([1, 2, 3, *JUNK])),
    st.builds(
        lambda user, form: _interactive("view_submission", user, view=_view(form)),
        _USERS,
        st.sampled_from(["request", "emergency", "extension", "deny", "other"]),
    ),
    st.builds(
        lambda user: _interactive(
            "block_suggestion", user, action_id="source", block_id="source:tag", value="b"
        ),
        _USERS,
    ),
    st.builds(
        lambda user, kind: _interactive(kind, user, callback_id="ask_for_access"),
        _USERS,
        st.sampled_from(["shortcut", "message_action", "view_closed", "dialog_submission", "x"]),
    ),
    st.builds(_event, _USERS, st.sampled_from(["app_home_opened", "user_change", "message"])),
    st.builds(_command, _USERS, TYPED),
)


def _places(part: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every way from the root to a value."""
    items = part.items() if isinstance(part, dict) else enumerate(part)
    for key, value in items:
        yield (*way, key)
        if isinstance(value, dict | list):
            yield from _places(value, (*way, key))


def _bend(payload: Json, way: tuple[Any, ...], junk: Any) -> None:
    place: Any = payload
    for key in way[:-1]:
        place = place[key]
    if junk is _AWAY:
        del place[way[-1]]
    else:
        place[way[-1]] = deepcopy(junk)


_AWAY = object()
_JUNK = st.one_of(
    st.just(_AWAY),
    st.sampled_from(JUNK),
    st.text(max_size=30),
    st.integers(),
    st.sampled_from(["Ev1", TEAM_ID, *ACTIONS]),
)


@st.composite
def payloads(draw: st.DrawFn) -> Json:
    """One of Slack's payloads, bent in up to four places."""
    payload: Json = deepcopy(draw(_WHOLE))
    for _ in range(draw(st.integers(0, 4))):
        ways = list(_places(payload))
        if ways:
            _bend(payload, draw(st.sampled_from(ways)), draw(_JUNK))
    return payload


def _as_form(payload: Json) -> bytes:
    if "command" in payload:
        flat = {key: str(value).encode(errors="replace") for key, value in payload.items()}
        return urlencode(flat).encode()
    return b"payload=" + quote_from_bytes(json.dumps(payload).encode()).encode()


_TYPES = st.sampled_from(
    [FORM, JSON, f"{JSON}; charset=utf-8", "text/plain", "", "multipart/form-data; boundary=x"]
)
_RAW = st.one_of(
    st.binary(max_size=200),
    st.recursive(st.sampled_from(JUNK), lambda inner: st.lists(inner, max_size=3)).map(
        lambda value: json.dumps(value).encode()
    ),
    st.sampled_from([b"{", b"payload=", b"payload=%7B%7D&payload=", b"&&=;", b"%%%", b"a=%ff"]),
    st.integers(1, 3_000).map(lambda depth: b'{"a":' * depth + b"1" + b"}" * depth),
)
BODIES = st.one_of(
    st.builds(lambda payload: Sent(_as_form(payload), FORM), payloads()),
    st.builds(lambda payload: Sent(_as_form(payload), FORM), payloads()),
    st.builds(lambda payload: Sent(json.dumps(payload).encode(), JSON), payloads()),
    st.builds(lambda payload, kind: Sent(json.dumps(payload).encode(), kind), payloads(), _TYPES),
    st.builds(Sent, _RAW, _TYPES),
)
