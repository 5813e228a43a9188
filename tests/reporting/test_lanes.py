"""The pictures: every grant is in them once, no two bars lie on each other, names are only text."""

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from html import unescape
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bot.reporting.drawing import draw
from bot.reporting.lanes import ROWS_A_PICTURE, Bar, pictures
from bot.store.report_queries import Period

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
DAY = Period(NOON, NOON + timedelta(days=1))


def bar(number: int, start: int = 0, minutes: int = 60, person: str = "U1", **more: bool) -> Bar:
    began_at = NOON + timedelta(minutes=start)
    looks = {"goes_on": False, "emergency": False, "recovered": False, **more}
    return Bar(
        number=number,
        person=person,
        cluster="orders",
        began_at=began_at,
        ended_at=began_at + timedelta(minutes=minutes),
        overdue_from=None,
        **looks,
    )


spans = st.tuples(st.integers(0, 600), st.integers(0, 300), st.sampled_from(["U1", "U2", "U3"]))


@given(st.lists(spans, max_size=80))
def test_each_bar_is_drawn_once_and_none_lies_on_another(found: list[tuple[int, int, str]]) -> None:
    drawn = [bar(number, *span) for number, span in enumerate(found, start=1)]
    made = pictures(drawn)

    rows = [row for picture in made for row in picture]
    assert Counter(one.number for row in rows for one in row.bars) == Counter(
        one.number for one in drawn
    )
    for row in rows:
        assert {one.person for one in row.bars} == {row.person}
        assert all(left.ended_at <= right.began_at for left, right in pairwise(row.bars))
    for picture in made:
        assert 0 < len(picture) <= ROWS_A_PICTURE
        assert picture[0].is_first


def drawn(*shown: Bar, name: str = "Rita") -> str:
    [rows] = pictures(shown)
    return draw(rows, DAY, number=3, title="Timeline", name_of=lambda _: name)


def test_a_hostile_name_stays_text() -> None:
    hostile = "$x^2$ <script>&\N{GRINNING FACE}"
    svg = drawn(bar(1), name=hostile)

    assert "<script" not in svg
    texts = [unescape(text) for text in re.findall(r"<text[^>]*>([^<]*)", svg)]
    assert f"{hostile} · orders" in texts


def test_an_emergency_is_told_from_others_by_more_than_its_colour() -> None:
    plain, emergency = drawn(bar(1)), drawn(bar(1, emergency=True))

    assert plain.count(">! <") == 0
    assert len(re.findall(r">!\s*<", emergency)) == 1
    assert emergency.count("url(#p3-") > plain.count("url(#p3-")  # hatched


def test_a_picture_brings_all_it_needs_and_its_ids_are_its_own() -> None:
    svg = drawn(bar(1), bar(2, 90, emergency=True), bar(3, 300, goes_on=True))

    ids = re.findall(r'\bid="([^"]*)"', svg)
    assert len(ids) == len(set(ids))
    assert all(name.startswith("p3-") for name in ids)
    assert set(re.findall(r"#(p3-\d+)", svg)) == set(ids)
    assert "<style" not in svg
    addresses = re.findall(r'(?:href|src)="([^"]*)"', svg)
    assert all(address.startswith("#") for address in addresses)
    assert "<title>#2 Rita, orders: 2026-11-25 13:30 to 2026-11-25 14:30 UTC (1h00m)</title>" in svg
