"""Drawing the timeline: matplotlib, to SVG that is embedded in a page.

The only module that imports matplotlib, which is an optional extra. Text stays text.
"""

import io
import re
import warnings
from collections.abc import Callable, Sequence
from datetime import UTC, timedelta
from itertools import count
from typing import Any
from xml.etree import ElementTree  # the XML that is parsed is our own

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from bot.reporting.lanes import Bar, Row
from bot.store.report_queries import Period

_SVG = "http://www.w3.org/2000/svg"
_LINK = "{http://www.w3.org/1999/xlink}href"
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "dbaccess",
    "font.size": 9,
    "text.parse_math": False,  # a name may contain dollar signs
    "hatch.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
_PLAIN, _EMERGENCY, _RECOVERED, _LATE, _INK = "#4c87b9", "#f6c9a8", "#e4e4e4", "#1b1f24", "#1b1f24"
_LOUD = "#a3260b"
_WIDTH, _ROW_HEIGHT, _MARGIN = 10.2, 0.24, 1.0  # inches
_BAR = 0.62  # of a row
_LONGEST_NAME = 26


def draw(
    rows: Sequence[Row], period: Period, *, number: int, title: str, name_of: Callable[[str], str]
) -> str:
    """Return one picture as an `<svg>` element.

    Args:
        rows: its rows, from top to bottom.
        period: the time that it spans.
        number: of the picture within the page; its ids begin with that.
        title: what it shows, for those who cannot see it.
        name_of: what people are called.
    """
    with mpl.rc_context(_STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing", UserWarning)  # text stays text
        figure = Figure(figsize=(_WIDTH, _MARGIN + _ROW_HEIGHT * len(rows)), layout="constrained")
        axes = figure.add_subplot()
        _set_up(axes, rows, period, name_of)
        for place, row in enumerate(rows):
            for bar in row.bars:
                _draw_bar(axes, bar, place)
        figure.legend(handles=_legend(), loc="outside upper left", ncols=5, frameon=False)
        out = io.BytesIO()
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    return _inline(out.getvalue(), number, title, _told(rows, name_of))


def _set_up(axes: Axes, rows: Sequence[Row], period: Period, name_of: Callable[[str], str]) -> None:
    axes.set_xlim(date2num(period.since), date2num(period.until))
    axes.set_ylim(len(rows) - 0.5, -0.5)
    locator = AutoDateLocator(tz=UTC, minticks=4, maxticks=9)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, tz=UTC))
    axes.grid(axis="x", color="#d0d5db", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set_xlabel("UTC")
    firsts = [place for place, row in enumerate(rows) if row.is_first]
    axes.set_yticks(firsts, [_lane(rows[place], name_of) for place in firsts])
    axes.tick_params(axis="y", length=0)
    for place in firsts[1:]:
        axes.axhline(place - 0.5, color="#e6e9ed", linewidth=0.6, zorder=0)


def _lane(row: Row, name_of: Callable[[str], str]) -> str:
    name = name_of(row.person)
    short = name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
    return f"{short} · {row.cluster}"


def _draw_bar(axes: Axes, bar: Bar, place: int) -> None:
    start, end = date2num(bar.began_at), date2num(bar.ended_at)
    face, edge, hatch = _looks(bar.emergency, bar.recovered)
    axes.add_patch(
        Rectangle(
            (start, place - _BAR / 2),
            end - start,
            _BAR,
            facecolor=face,
            edgecolor=edge,
            hatch=hatch,
            linewidth=0.9,
            gid=f"bar-{bar.number}",
        )
    )
    if bar.overdue_from is not None:
        late = date2num(bar.overdue_from)
        box = Rectangle(
            (late, place - _BAR / 4), end - late, _BAR / 2, color=_LATE, linewidth=1.2, zorder=3
        )
        axes.add_patch(box)
    if bar.emergency:
        axes.text(start, place, "! ", ha="right", va="center", weight="bold", color=_LOUD, zorder=4)
    if bar.goes_on:
        axes.plot(end, place, marker=">", color=_INK, markersize=4, clip_on=False, zorder=4)


def _looks(emergency: bool, recovered: bool) -> tuple[str, str, str | None]:
    if emergency:
        return _EMERGENCY, _LOUD, "/////"
    if recovered:
        return _RECOVERED, _INK, "|||||"
    return _PLAIN, "#2c5f8a", None


def _legend() -> list[Patch]:
    kinds = {"approved": (False, False), "! emergency": (True, False), "recovered": (False, True)}
    looks = {kind: _looks(*flags) for kind, flags in kinds.items()}
    patches = [
        Patch(facecolor=face, edgecolor=edge, hatch=hatch, label=kind)
        for kind, (face, edge, hatch) in looks.items()
    ]
    return [*patches, Patch(color=_LATE, label="past its end")]


def _told(rows: Sequence[Row], name_of: Callable[[str], str]) -> dict[str, str]:
    """Return what each bar says when somebody points at it."""
    return {
        f"bar-{bar.number}": f"#{bar.number} {name_of(bar.person)}, {bar.cluster}: "
        f"{bar.began_at:%Y-%m-%d %H:%M} to {bar.ended_at:%Y-%m-%d %H:%M} UTC "
        f"({_span(bar.ended_at - bar.began_at)})"
        for row in rows
        for bar in row.bars
    }


def _span(span: timedelta) -> str:
    hours, seconds = divmod(round(span.total_seconds()), 3600)
    return f"{hours}h{seconds // 60:02}m"


def _inline(document: bytes, number: int, title: str, told: dict[str, str]) -> str:
    """Return the SVG as an element of a page: with a title, unique ids, and no global style."""
    ElementTree.register_namespace("", _SVG)
    ElementTree.register_namespace("xlink", "http://www.w3.org/1999/xlink")
    root = ElementTree.fromstring(document)  # noqa: S314  # matplotlib's own
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag == f"{{{_SVG}}}style" or child.tag.endswith("metadata"):
                parent.remove(child)
    for element in root.iter():
        words = told.get(element.get("id", ""))
        if words:
            title_element = ElementTree.Element(f"{{{_SVG}}}title")
            title_element.text = words
            element.insert(0, title_element)
    _rename(root, f"p{number}-")
    root.set("role", "img")
    root.set("aria-label", title)
    width, height = (root.attrib.pop(name, "") for name in ("width", "height"))
    root.set("style", f"width:100%;aspect-ratio:{width[:-2]}/{height[:-2]}")
    return ElementTree.tostring(root, encoding="unicode")


def _rename(root: ElementTree.Element, prefix: str) -> None:
    """Make ids that are referred to unique in the page, and drop the others."""
    text = ElementTree.tostring(root, encoding="unicode")
    used = set(re.findall(r'(?:url\(#|href="#)([^")]+)', text))
    numbers = count(1)
    names = {old: f"{prefix}{next(numbers)}" for old in sorted(used)}
    for element in root.iter():
        old = element.attrib.pop("id", None)
        if old in names:
            element.set("id", names[old])
        for key, value in element.attrib.items():
            if key == _LINK and value[1:] in names:
                element.set(key, f"#{names[value[1:]]}")
            elif "url(#" in value:
                element.set(
                    key, re.sub(r"url\(#([^)]+)\)", lambda m: f"url(#{names[m[1]]})", value)
                )
