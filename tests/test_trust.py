"""What whoever decides about dbaccess reads: how to report a fault, what is kept, what is shown."""

import re
from pathlib import Path

from bot.domain.audit_actions import Action

ROOT = Path(__file__).parents[1]
COMPLIANCE = (ROOT / "docs" / "compliance.md").read_text()
SECURITY = (ROOT / "SECURITY.md").read_text()
PROMISE = re.compile(r"\*\*(P\d)\b")


def test_a_broken_promise_is_a_vulnerability_each_of_them() -> None:
    made = PROMISE.findall((ROOT / "README.md").read_text())

    assert len(made) >= 8
    assert sorted(PROMISE.findall(SECURITY)) == sorted(made)


def test_a_report_has_a_private_way_and_a_time_to_answer() -> None:
    assert "**Report a vulnerability**" in SECURITY
    assert re.search(r"report arrived \| \d+ working days", SECURITY)
    assert not re.search(r"\w@\w|example\.com", SECURITY), "an address that nobody reads"


def test_the_evidence_for_a_control_is_there() -> None:
    actions = set(
        re.findall(r"`((?:request|grant|emergency|cluster|decision)\.[a-z_]+)`", COMPLIANCE)
    )
    assert len(actions) > 8
    assert actions <= set(Action)

    template = (ROOT / "bot" / "reporting" / "templates" / "report.html").read_text()
    sections = set(re.findall(r'<h2 id="[a-z]+">([^<]+)', template))
    columns = set(re.findall(r'<th scope="col"[^>]*>([^<]+)', template))
    named = set(re.findall(r"(?<!\*)\*([A-Z][a-z ]+)\*(?!\*)", COMPLIANCE))
    assert {"Access", "Approved by"} <= named
    assert named <= sections | columns


def test_each_control_says_what_is_not_covered() -> None:
    rows = re.findall(r"^\| \*\*(CC6\.\d|A\.5\.\d\d)\*\* .*\|([^|]+)\|$", COMPLIANCE, re.MULTILINE)

    assert [control for control, _ in rows] == [
        *("CC6.1", "CC6.2", "CC6.3", "A.5.15", "A.5.16", "A.5.17", "A.5.18")
    ]
    assert all(len(gaps) > 40 for _, gaps in rows)


def test_a_service_level_is_one_that_was_measured() -> None:
    measured = (ROOT / "bench" / "RESULTS.md").read_text()
    levels = re.findall(r"\| ([\d.]+ ms), ([\d.]+ ms) \|", COMPLIANCE)

    assert len(levels) >= 5
    for median, p99 in levels:
        assert f"| {median} | {p99} |" in measured
