"""What whoever decides about dbaccess reads: how to report a fault, what is kept, what is shown."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
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
