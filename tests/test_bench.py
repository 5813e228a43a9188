"""The measurements work: each is done once, with small numbers, and says something."""

from pathlib import Path

import pytest

from bench import compare, picture
from bench.__main__ import main
from bench.findings import Figure, Finding, p99, reasons
from bench.kept import Measured, load, save
from bench.plans import tables_read
from bench.simulate import Company, simulate


@pytest.mark.parametrize("row", ["D", "G", "K", "M", "N"])
def test_a_row_is_measured_and_written_down(row: str, tmp_path: Path) -> None:
    page = tmp_path / "RESULTS.md"

    main([row, "--quick", "--write", str(page)])

    written = page.read_text(encoding="utf-8")
    assert f"## {row}. " in written
    assert "| reached |" in written or "| missed: " in written


@pytest.mark.parametrize("row", ["B", "C", "L", "P"])
def test_what_is_only_counted_is_reached_on_any_machine(row: str, tmp_path: Path) -> None:
    page = tmp_path / "RESULTS.md"

    main([row, "--quick", "--write", str(page)])

    assert "| reached |" in page.read_text(encoding="utf-8")


def test_a_row_that_is_measured_again_leaves_the_others_on_the_page(tmp_path: Path) -> None:
    before = Finding("A", "fast", (Figure("once", "1 s"),), "it is slow", ("a detail",))
    save(tmp_path / "results", Measured(before, "25 Nov 2026, 18:07", "2"))

    main(["B", "--quick", "--write", str(tmp_path / "RESULTS.md")])

    written = (tmp_path / "RESULTS.md").read_text(encoding="utf-8")
    assert "| A | fast | missed: it is slow | 25 Nov 2026, 18:07 | 2 |" in written
    assert "## B. " in written
    assert "a detail" in written


def test_a_table_has_no_empty_columns() -> None:
    found = Finding("A", "fast", (Figure("a", ratio="1 x"), Figure("b")), columns=("", "", "times"))

    assert found.table() == [["what", "times"], ["a", "1 x"], ["b", ""]]


def test_the_plans_of_both_databases_come_to_one_line_a_table() -> None:
    sqlite = [
        "    SCAN CONSTANT ROW",
        "    SCAN grants USING COVERING INDEX ix_ending",
        "    SEARCH grants USING INTEGER PRIMARY KEY (rowid=?)",
        *("    SEARCH jobs USING INDEX ix_due (kind=?)" for _ in range(2)),
        "    SCAN clusters",
    ]
    postgresql = [
        "  ->  Index Only Scan using ix_due on jobs jobs_1",
        "  ->  Bitmap Heap Scan on requests",
        "        ->  Bitmap Index Scan on ix_pending",
        "  ->  Seq Scan on clusters clusters_1",
    ]

    assert tables_read(sqlite) == {
        "clusters": "whole",
        "grants": "ix_ending, grants_pkey",
        "jobs": "ix_due (2 times)",
    }
    assert tables_read(postgresql) == {
        "clusters": "whole",
        "jobs": "ix_due",
        "requests": "ix_pending",
    }


def test_the_picture_shows_what_was_measured_last() -> None:
    [measured] = load(picture.HERE / "results", "Q")

    assert picture.PICTURE.read_text(encoding="utf-8") == picture.draw(measured.finding)


def test_each_rule_that_is_left_is_a_square_of_the_picture() -> None:
    names = [
        f"{who}, {how}"
        for how in (compare.UNDISTURBED, compare.KILLED)
        for who in (compare.DOCTL, compare.DBACCESS)
    ]
    figures = [Figure(name, "25", "0.1 s", left) for name, left in zip(names, "0052", strict=True)]

    drawn = picture.draw(Finding("Q", "none is left", tuple(figures)))

    assert (drawn.count('class="left"'), drawn.count('class="gone"')) == (7, 13)


def test_a_row_that_does_not_exist_is_refused() -> None:
    with pytest.raises(SystemExit):
        main(["Z", "--quick"])


def test_a_finding_says_why_a_goal_was_missed() -> None:
    assert Finding("A", "fast", ()).verdict == "reached"
    slow = Finding("A", "fast", (), reasons("", "it is slow", None))
    assert slow.verdict == "missed: it is slow"


def test_one_slow_answer_of_a_hundred_shows_in_p99() -> None:
    assert p99([1.0] * 100) == 1.0
    assert p99([1.0] * 98 + [100.0] * 2) > 90


def test_more_tokens_end_grants_sooner_in_the_simulation() -> None:
    company = Company(clusters=200, grants=20_000, day_seconds=3_600)

    one, four = simulate(company, 1), simulate(company, 4)

    assert len(one.end_delays) == len(four.end_delays) == company.grants
    assert max(four.end_delays) < max(one.end_delays)
    assert simulate(company, 1).end_delays == one.end_delays


def test_no_token_of_the_simulation_exceeds_its_limits() -> None:
    company = Company(clusters=100, grants=10_000, day_seconds=3_600)
    outcome = simulate(company, 1)
    hours = (company.day_seconds + 4 * 3_600) / 3_600
    assert 3 * outcome.changes + outcome.looks <= 5_000 * (hours + 1)
