"""The built page: it is of these sources, and it knows what the bot writes."""

import hashlib
import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "playground" / "page"
BUILT = ROOT / "playground" / "dbaccess_playground" / "web" / "static"


def test_the_built_page_is_of_these_sources() -> None:
    """Else: `make page`."""
    sources = [one for folder in ("src", "public") for one in (PAGE / folder).rglob("*")]
    names = [one.relative_to(PAGE).as_posix() for one in sources if one.is_file()]
    fingerprint = hashlib.sha256()
    for name in sorted([*names, "build.mjs", "package-lock.json"]):
        fingerprint.update(f"{name}\0".encode() + (PAGE / name).read_bytes() + b"\0")
    built_of = (BUILT / "sources.sha256").read_text().strip()
    assert built_of == fingerprint.hexdigest()


def test_the_page_loads_nothing_from_elsewhere() -> None:
    for name in ("index.html", "page.css"):
        assert "//" not in re.sub(r"/\*.*?\*/", "", (BUILT / name).read_text())
    assert "http" not in (PAGE / "package-lock.json").read_text()


def test_every_emoji_of_the_bot_can_be_shown() -> None:
    known = (PAGE / "src" / "blocks" / "emoji.ts").read_text()
    messages = (ROOT / "bot" / "slack").rglob("*.py")
    written = "".join(one.read_text() for one in messages)
    used = set(re.findall(r"(?<![\w/)]):([a-z][a-z_]+):", written))
    assert used - set(re.findall(r'[ "]([a-z][a-z0-9_]*)"?: "', known)) == set()
