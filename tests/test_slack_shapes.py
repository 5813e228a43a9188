"""What Slack's ids and payloads look like is known to `bot/slack`, and to opaque columns."""

import re
from pathlib import Path

import pytest

BOT = Path(__file__).parents[1] / "bot"
IDS = re.compile(r"""startswith\(\(?["'][A-Z]["']|\[:1\] (in|==)|["'^(]\[[UWSCG]{2,}\]""")
PAYLOADS = re.compile("response_url|trigger_id|private_metadata|callback_id|view_id|action_ts")
COLUMNS = ("store/tables.py", "store/ip_links.py")


def lines_like(pattern: re.Pattern[str], *, but_for: tuple[str, ...]) -> list[str]:
    """Return where something stands, outside the modules that may know of it."""
    sources = ((path.relative_to(BOT).as_posix(), path) for path in sorted(BOT.rglob("*.py")))
    return [
        f"{name}:{number}: {line.strip()}"
        for name, path in sources
        if not name.startswith(but_for)
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if pattern.search(line)
    ]


@pytest.mark.parametrize(
    ("pattern", "but_for"),
    [
        (IDS, ("slack/", "domain/principals.py")),
        (PAYLOADS, ("slack/", *COLUMNS)),
    ],
    ids=["ids", "payloads"],
)
def test_slacks_shapes_are_known_to_slacks_rooms_alone(
    pattern: re.Pattern[str], but_for: tuple[str, ...]
) -> None:
    assert lines_like(pattern, but_for=but_for) == []
    assert lines_like(pattern, but_for=("nowhere",)), "it finds what it looks for"
