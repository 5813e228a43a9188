"""The measurements work: each is done once, with small numbers, and says something."""

from pathlib import Path

import pytest

from bench.__main__ import main
from bench.findings import Finding, p99, reasons
from bench.simulate import Company, simulate


@pytest.mark.parametrize("row", ["B", "C", "D", "G", "K", "L", "M"])
def test_a_row_is_measured_and_written_down(row: str, tmp_path: Path) -> None:
    page = tmp_path / "RESULTS.md"

    main([row, "--quick", "--write", str(page)])

    written = page.read_text(encoding="utf-8")
    assert f"## {row}. " in written
    assert "reached" in written or "missed, because" in written
    assert f"python -m bench {row} --quick" in written


def test_a_row_that_does_not_exist_is_refused() -> None:
    with pytest.raises(SystemExit):
        main(["Z", "--quick"])


def test_a_finding_says_why_a_goal_was_missed() -> None:
    assert Finding("A", "fast", ()).verdict == "reached"
    slow = Finding("A", "fast", (), reasons("", "it is slow", None))
    assert slow.verdict == "missed, because it is slow"


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
