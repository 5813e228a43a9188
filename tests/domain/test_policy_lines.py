"""Where each key of dbaccess.toml stands."""

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.policy_lines import KeyPath, PolicyLines, Setting, key_lines

POLICY = '''\
# who may open what
instance = "prod"
defaults = { approvals = 2, approvers = ["U0ALICE"] }   # inline

[clusters.orders]
max_duration = "2h"
requesters = [   # over several lines
  "U0BOB",
  "S0ONCALL",
]
"emergency".max_duration = "30m"

[[clusters.orders.auto_approve]]
requesters = ["*"]
[[clusters.orders.auto_approve]]

  sources = ["198.51.100.0/24"]
[clusters."read-only"]
note = """
approvals = 7
"""
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("instance",), 2),
        (("defaults", "approvals"), 3),
        (("defaults", "approvers", 0), 3),
        (("clusters", "orders"), 5),
        (("clusters", "orders", "max_duration"), 6),
        (("clusters", "orders", "requesters"), 7),
        (("clusters", "orders", "emergency", "max_duration"), 11),
        (("clusters", "orders", "auto_approve", 0), 13),
        (("clusters", "orders", "auto_approve", 0, "requesters"), 14),
        (("clusters", "orders", "auto_approve", 1), 15),
        (("clusters", "orders", "auto_approve", 1, "sources"), 17),
        (("clusters", "read-only", "note"), 19),
    ],
)
def test_each_key_is_found_on_the_line_where_it_begins(path: KeyPath, line: int) -> None:
    assert key_lines(POLICY)[path] == line


def test_what_stands_in_a_text_is_no_key() -> None:
    assert ("clusters", "read-only", "approvals") not in key_lines(POLICY)


def test_only_a_newline_ends_a_line() -> None:
    assert key_lines("# a\u2028comment\r\na = 'b\u2028c'\r\nd = 1") == {("a",): 2, ("d",): 3}


def test_a_clusters_own_key_holds_over_the_default() -> None:
    lines = PolicyLines("[defaults]\napprovals = 2\n[clusters.a]\napprovals = 1\n[clusters.b]\n")

    assert lines.setting("a", "approvals") == Setting(("clusters", "a", "approvals"), 4, 1)
    assert lines.setting("b", "approvals") == Setting(("defaults", "approvals"), 2, 2)
    assert lines.setting("b", "approvals").is_inherited


def test_a_key_that_stands_nowhere_has_no_line() -> None:
    found = PolicyLines("[clusters.a]\n").setting("a", "emergency", "requesters")

    assert found == Setting(("clusters", "a", "emergency", "requesters"), None)
    assert not found.is_inherited


_KEYS = st.sampled_from(["a", "b", '"c d"', "e.f"])
_VALUES = st.sampled_from(["1", '"x"', "[\n 1,\n 2]", '"""\n[t]\nk = 1\n"""', "{ x = 1 }", "'#'"])
_HEADERS = st.sampled_from(["[t]", "[t.u]", "[[l]]", "[l.m]", "# nothing", ""])


@given(st.lists(st.tuples(_HEADERS, st.lists(st.tuples(_KEYS, _VALUES)))))
def test_whatever_is_in_the_document_has_a_line_and_nothing_else_has(
    tables: list[tuple[str, list[tuple[str, str]]]],
) -> None:
    statements = [
        line for header, pairs in tables for line in (header, *(f"{k} = {v}" for k, v in pairs))
    ]
    text = "".join(f"{line}\n" for line in statements)
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return

    assert set(key_lines(text)) == set(_all_paths(document))


def _all_paths(value: Any) -> list[KeyPath]:
    items: Any = value.items() if isinstance(value, dict) else ()
    if isinstance(value, list):
        items = enumerate(value)
    found: list[KeyPath] = []
    for name, inner in items:
        found += [(name,), *((name, *path) for path in _all_paths(inner))]
    return found
