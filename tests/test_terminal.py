"""What operators read at a terminal or in a spreadsheet: others' words, but none that act."""

import csv
import io
import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.cli.audit_lines import lines
from bot.cli.auditing import Format
from bot.cli.console import show_grants, show_plan
from bot.domain.lifecycle import Grant, GrantState
from bot.domain.plan import plan
from bot.domain.rules import Rule
from bot.domain.sources import SourceType, TrustedSource
from bot.store.audit_entries import Entry, entry
from bot.store.tables import AuditRow

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
FORMULAS = ["=cmd|'/C calc'!A0", "+1+1", "-1+1", "@SUM(1)", "\t=1", "\r=1"]
HOSTILE = [
    "\x1b]0;title\x07\x1b[2Jgone",
    "one\r\ntwo\nthree",
    "\N{RIGHT-TO-LEFT OVERRIDE}txt.exe\N{ZERO WIDTH SPACE}\x9b31m\x85\u2028",
    "[bold red]markup[/] :warning: [link=https://evil.example]here[/link]",
    "<!channel> *bold* `code`",
    "x" * 40_000,
    "\ud800",
]
ACTS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\ud800-\udfff]")


def row(words: str) -> Entry:
    return entry(
        AuditRow(
            id=1,
            at=NOW,
            action=words,
            actor=words,
            cluster=words,
            request_id=7,
            detail={"why": words},
        )
    )


def shown_as(rows: list[Entry], form: Format) -> str:
    return "\n".join(lines(rows, form))


@pytest.mark.parametrize("formula", FORMULAS)
def test_no_cell_of_the_audit_is_a_formula(formula: str) -> None:
    [_, cells] = csv.reader(io.StringIO(shown_as([row(formula)], Format.CSV), newline=""))

    assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))] == []
    assert cells[2] == f"'{formula.strip()}"


@pytest.mark.parametrize("words", HOSTILE)
def test_what_was_said_comes_whole_out_of_the_audit_as_data(words: str) -> None:
    line = shown_as([row(words)], Format.JSONL)

    assert len(line.splitlines()) == 1
    assert line.isascii()
    assert json.loads(line)["detail"] == {"why": words}


@pytest.mark.parametrize("words", HOSTILE)
@pytest.mark.parametrize("form", [Format.TABLE, Format.CSV])
def test_nothing_in_the_audit_commands_the_terminal(words: str, form: Format) -> None:
    shown = shown_as([row(words)], form)

    assert not ACTS.search(shown.replace("\r\n", "\n"))
    assert not re.search(r"^(two|three)", shown, re.MULTILINE)


def test_the_audit_shows_mark_up_as_it_was_written() -> None:
    shown = shown_as([row("[bold]x[/] :warning:")], Format.TABLE)

    assert "[bold]x[/] :warning:" in shown


@pytest.mark.parametrize("words", HOSTILE)
def test_a_rule_of_somebody_elses_commands_no_terminal(
    words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    tag = TrustedSource(SourceType.TAG, words)
    grant = Grant(
        id=7,
        cluster="orders",
        cluster_id="c",
        source=tag,
        requester=words,
        state=GrantState.REMOVING,
        approved_at=NOW,
        expires_at=NOW + timedelta(hours=1),
        owned=True,
        rule_uuid="u",
    )
    gone = replace(grant, source=TrustedSource(SourceType.IP_ADDR, "203.0.113.4"))
    rules = [
        Rule("ip_addr", "203.0.113.4", "u", f"{words} dbaccess/test", NOW),
        Rule("tag", "office", "v", "", NOW),
    ]

    show_grants([grant], NOW)
    show_plan("orders", plan(rules, [gone], instance="test", now=NOW))

    shown = capsys.readouterr().out
    assert "  remove  " in shown
    assert not ACTS.search(shown)
    assert "⚠" not in shown
    assert not re.search(r"^(two|three)", shown, re.MULTILINE)
