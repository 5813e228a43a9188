"""Draws the README's picture of row Q, from what was measured last: `python -m bench.picture`."""

from collections.abc import Iterator
from pathlib import Path

from bench.compare import DBACCESS, DOCTL, KILLED, UNDISTURBED
from bench.findings import Finding
from bench.kept import load
from docs.diagrams.draw import ACCENT, FONT, INK, LINE, PAPER

HERE = Path(__file__).parent
PICTURE = HERE.parent / "docs" / "images" / "doctl.svg"
_RULES = 5
_LEFT = "#c2410c"
_PIXELS_A_CALL, _LONGEST = 6, 230
_WIDTH, _TOP, _ROW = 720, 74, 30
_STYLE = f"""
    text {{ font: 13px {FONT}; fill: {INK} }}
    .head {{ font-weight: bold }}
    .paper {{ fill: {PAPER} }}
    .calls {{ fill: {ACCENT}; stroke: {LINE} }}
    .gone {{ fill: none; stroke: {LINE} }}
    .left {{ fill: {_LEFT}; stroke: {_LEFT} }}
    @media (prefers-color-scheme: dark) {{
      text {{ fill: #e4e7eb }}
      .paper {{ fill: #0d1117 }}
      .calls {{ fill: #24476f }}
      .left {{ fill: #fb923c; stroke: #fb923c }}
    }}"""


def draw(finding: Finding) -> str:
    """Return the picture as SVG: the calls as bars, and each of the five rules as a square."""
    figures = {figure.what: figure for figure in finding.figures}
    names = [f"{who}, {how}" for how in (UNDISTURBED, KILLED) for who in (DOCTL, DBACCESS)]
    rows = [
        line
        for place, name in enumerate(names)
        for line in _row(
            _TOP + place * _ROW + place // 2 * 12,
            name.replace("`", ""),
            int(figures[name].median),
            int(figures[name].ratio),
        )
    ]
    height = _TOP + len(names) * _ROW + 24
    size = f'viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">',
            "  <title>Five accesses: API calls, and rules left behind</title>",
            f"  <style>{_STYLE}\n  </style>",
            f'  <rect class="paper" width="{_WIDTH}" height="{height}" rx="6"/>',
            _text(20, 30, "Five accesses of 15 seconds each", "head"),
            _text(240, 56, "API calls"),
            _text(500, 56, "Rules left behind"),
            *rows,
            "</svg>",
            "",
        ]
    )


def _row(y: int, name: str, calls: int, left: int) -> Iterator[str]:
    yield _text(20, y + 15, name)
    width = min(calls * _PIXELS_A_CALL, _LONGEST)
    yield f'  <rect class="calls" x="240" y="{y}" width="{width}" height="20" rx="3"/>'
    yield _text(246, y + 15, f"{calls}")
    for number in range(_RULES):
        kind = "left" if number < left else "gone"
        x = 500 + number * 24
        yield f'  <rect class="{kind}" x="{x}" y="{y + 2}" width="16" height="16" rx="3"/>'
    yield _text(632, y + 15, f"{left} of {_RULES}")


def _text(x: int, y: int, words: str, kind: str = "") -> str:
    about = f' class="{kind}"' if kind else ""
    return f'  <text{about} x="{x}" y="{y}">{words}</text>'


def main() -> None:
    """Write it."""
    [measured] = load(HERE / "results", "Q")
    PICTURE.write_text(draw(measured.finding), encoding="utf-8")


if __name__ == "__main__":
    main()
