"""The page: a report's facts as one self-contained HTML file."""

from collections.abc import Callable, Sequence
from functools import partial

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from bot.domain.lifecycle import RequestState
from bot.domain.principals import is_machine
from bot.reporting import chain_wording, wording
from bot.reporting.facts import MOST_SHOWN, Report
from bot.reporting.lanes import Row, bars, pictures

Draw = Callable[[Sequence[Row], int, str], str]


def render(report: Report, draw: Draw, *, name_of: Callable[[str], str]) -> str:
    """Return the page.

    Args:
        report: its contents.
        draw: returns a picture as `<svg>`, from its rows, its number and its title.
        name_of: what people are called: a name with the id, or the id.
    """
    environment = Environment(
        loader=PackageLoader("bot.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    person = partial(wording.person, name_of=name_of)
    environment.filters |= {
        "moment": wording.moment,
        "lasting": wording.lasting,
        "person": person,
        "approved_by": partial(wording.approved_by, name_of=name_of),
        "ending": partial(wording.ending, name_of=name_of, now=report.made_at),
        "extensions": partial(wording.extensions, name_of=name_of),
        "connections": wording.connections,
        "origin": wording.origin,
        "outcome": partial(wording.outcome, name_of=name_of),
        "terms": wording.terms,
        "percent": _percent,
    }
    return environment.get_template("report.html").render(
        report=report,
        problems=chain_wording.problems(report.chain),
        signatures=chain_wording.signatures(report.chain),
        most_shown=MOST_SHOWN,
        states=RequestState,
        pictures=[Markup(svg) for svg in _pictures(report, draw)],  # noqa: S704  # drawn here
    )


def _pictures(report: Report, draw: Draw) -> list[str]:
    found = pictures(bars(report.accesses.shown, report.period, report.made_at))
    return [
        draw(rows, number, f"Timeline, part {number} of {len(found)}: {_lanes(rows)}.")
        for number, rows in enumerate(found, start=1)
    ]


def _lanes(rows: Sequence[Row]) -> str:
    shown = sum(len(row.bars) for row in rows)
    names = {row.person for row in rows}
    machines = sum(map(is_machine, names))
    grants = "1 grant" if shown == 1 else f"{shown} grants"
    of = wording.holders(len(names) - machines, machines)
    return f"{grants} of {of}; the table has them all"


def _percent(share: float | None) -> str:
    return wording.NONE if share is None else f"{share:.0%}"
