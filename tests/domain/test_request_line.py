"""How a line behind `request` is read: as a person would read it, or the form opens (P4)."""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.commands import Adopt, Extend, RequestAccess
from bot.domain.grammar import Intent, parse_command
from bot.domain.queries import OpenEmergencyForm, OpenExtensionForm, OpenForm, ShowConnect
from bot.domain.refusal import Refused
from bot.domain.sources import parse_source
from bot.slack.messages.refusals import sentence
from tests.domain.examples import refused
from tests.domain.test_grammar import HERE, IP, policy_of
from tests.fuzzing import fuzzed

CLUSTERS = ("orders", "analytics", "billing")
POLICY = policy_of(
    *((alias, f"C0{alias.upper()}") for alias in CLUSTERS), default_duration="8h", max_duration="2w"
)
AFTERNOON = datetime(2026, 11, 25, 15, 17, 30, tzinfo=ZoneInfo("Europe/Berlin"))
HALF_AN_HOUR = timedelta(minutes=30)
USUAL = timedelta(hours=8)


def read(text: str) -> Intent:
    """Read a line that was typed in the channel of `analytics`."""
    return parse_command(text, POLICY, channel="C0ANALYTICS", local_now=AFTERNOON)


def read_or_refusal(text: str) -> Intent | str:
    """Return what a line is read as, or the sentence with which it is refused."""
    try:
        return read(text)
    except Refused as said:
        return sentence(said.refusal)


def form(**filled: object) -> OpenForm:
    return OpenForm(**{"source": IP, "is_of_channel": False, "is_unclear": True, **filled})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "line",
    [
        f"{IP} 1h 30m orders fixing the job",
        f"{IP} 1 hour 30 minutes orders fixing the job",
        f"{IP} 1 hour and 30 minutes on orders fixing the job",
        f"{IP} 1.5h orders fixing the job",
        f"{IP} orders 90 min fixing the job",
        f"orders {IP} 90m fixing the job",
        f"90m orders {IP} fixing the job",
        f"from {IP} to orders for 1h30m - fixing the job",
        f"{IP}, 1h 30m, orders: fixing the job",
        f"`{IP}` `1h30m` `orders` fixing the job",
        f"\u201c{IP}\u201d 1h30m \u2018Orders\u2019 fixing the job",
        f"'{IP} 1h30m orders' fixing the job",
        f"<http://{IP}|{IP}> 1h30m orders fixing the job",
        f"<tel:2030113|{IP}> 1h30m cluster orders fixing the job",
        "203.0.\u200b113.4\u200e\xa01h\u00ad30m\xa0\ufefforders fixing the job",
        f"{IP} until 16:47 orders fixing the job",
        f"{IP} till 4:47pm orders fixing the job",
    ],
)
def test_a_line_is_read_as_a_person_would_read_it(line: str) -> None:
    """P4: neither the channel's cluster nor another duration than the one that was typed."""
    until = AFTERNOON.replace(hour=16, minute=47, second=0) if "47" in line else None

    assert read(f"request {line}") == RequestAccess(
        cluster="orders",
        source=HERE,
        duration=timedelta(minutes=90),
        until=until,
        reason="fixing the job",
    )


@pytest.mark.parametrize(
    ("line", "opened"),
    [
        ("half an hour orders fix", form(duration="half an hour", cluster="orders", reason="fix")),
        ("orders half an hour fix", form(duration="half an hour", cluster="orders", reason="fix")),
        ("2 hour s orders fix", form(duration="2 hour s", cluster="orders", reason="fix")),
        ("1h30 orders fix", form(duration="1h30", cluster="orders", reason="fix")),
        ("30 orders fix", form(duration="30", cluster="orders", reason="fix")),
        ("1h30m2h orders fix", form(duration="1h30m2h", cluster="orders", reason="fix")),
        ("until tomorrow orders", form(duration="until tomorrow", cluster="orders")),
        ("1h orders 30m fix", form(duration="1h", cluster="orders", reason="30m fix")),
        ("2 days ago orders broke", form(duration="2 days", cluster="orders", reason="ago orders "
        "broke")),
        ("orders fix it for 2h", form(cluster="orders", reason="fix it for 2h")),
        ("2h fixing orders", form(duration="2h", cluster="orders", reason="fixing orders")),
        ("2h orders and billing", form(duration="2h", cluster="orders", reason="and billing")),
        ("2h fix orders, billing", form(duration="2h", reason="fix orders, billing")),
        ("2h on ordres please", form(duration="2h", reason="on ordres please")),
        ("fix the job", form(reason="fix the job", is_of_channel=True)),
    ],
)  # fmt: skip
def test_what_is_not_clear_opens_the_form_with_all_that_was_read(
    line: str, opened: OpenForm
) -> None:
    assert read(f"request {IP} {line}") == opened


@pytest.mark.parametrize(
    "line",
    [
        # a second duration
        "orders 2h for 1h",
        "orders in 2h for 1h fix",
        "orders 2h - 1h",
        "orders 2h minus 30m",
        "2h orders (only 30m needed)",
        "2h orders no, 1h",
        "2h orders \u2013 no, half an hour",
        "2h orders by 14:00",
        # a zone behind an end
        "orders until 9pm CET fix job",
        "orders until 21:00 Berlin time",
        "orders until 9pm (UTC)",
        "orders until 6pm utc fix",
        "until 18:00 in Berlin orders",
        "orders until 18:00 tomorrow",
        # a time that is named otherwise
        "orders by 18:00",
        "orders before 18:00",
        "orders ending 16:10",
        "orders only today",
        "orders fix (5min)",
        "orders fix ~10m",
        "orders fifteen minutes",
        "orders PT30M",
        "orders by 6pm",
    ],
)
def test_what_says_how_long_in_another_way_opens_the_form(line: str) -> None:
    """P4: neither longer than typed, nor for the usual duration where one was named."""
    found = read(f"request {IP} {line}")

    assert isinstance(found, OpenForm)
    assert found.cluster == "orders"


@pytest.mark.parametrize(
    "reason",
    [
        "the orders/billing job",
        "orders-db now",
        "the orders's job",
        "the orders\u2019s job",
        "*orders* now",
        "orders,billing now",
        "[orders] job",
        "\u201corders\u201d.",
        "OPS-12: orders\u2026 broken",
        "@orders job",
        "migrate orders->billing",
        "\uff4f\uff52\uff44\uff45\uff52\uff53 broke",
        "<#C0ORDERS|orders> broke",
        "the job on the ordres cluster",
        "my_orders_job",
    ],
)
def test_a_cluster_that_a_reason_names_is_not_overlooked(reason: str) -> None:
    """P4: the channel's cluster is not meant."""
    found = read(f"request {IP} 2h fix {reason}")

    assert isinstance(found, OpenForm)
    assert found.cluster in ("", "orders")
    assert not found.is_of_channel


def test_a_cluster_of_two_words_is_not_taken_for_another() -> None:
    policy = policy_of(("orders", "C0ORDERS"), ("orders-replica", "C0REPLICA"))

    found = parse_command(f"request {IP} 2h orders replica fix", policy, channel="C0ORDERS")

    assert isinstance(found, OpenForm)


def test_a_second_address_behind_a_whole_line_is_refused() -> None:
    with refused("One address at a time"):
        read(f"request 2h orders {IP} and 203.0.113.5")


def test_an_end_that_is_too_near_or_too_far_is_refused_with_why() -> None:
    with refused("`until 15:18` is less than a minute away"):
        read(f"request {IP} orders until 15:18")
    with refused("`until 05:00` is over 12 hours away"):
        read(f"request {IP} orders until 5:00")


def test_a_request_without_a_source_opens_the_form_with_the_rest() -> None:
    assert read("request orders 2h fix the job") == form(
        source="", duration="2h", cluster="orders", reason="fix the job"
    )


@pytest.mark.parametrize(
    ("typed", "instead"),
    [
        (f"{IP}:5432", f"Leave out the port: `{IP}`."),
        (f"http://{IP}", f"Write `{IP}`."),
        (f"<http://{IP}:5432>", f"Write `{IP}`."),
        ("postgresql://doadmin:hunter2@db.example.com:25060/x", "Try `203.0.113.4`."),
        ("db.example.com", "`db.example.com` is a host name. Write an IP address"),
        ("db.example.com:25060", "`db.example.com` is a host name."),
        (f"{IP} 203.0.113.5", f"One address at a time, like `{IP}`"),
        (f"{IP},203.0.113.5", f"One address at a time, like `{IP}`"),
        (f"{IP}-203.0.113.9", f"One address at a time, like `{IP}`"),
        ("my laptop", "`my laptop` is"),
    ],
)
def test_what_is_not_one_address_is_refused_with_what_to_write_instead(
    typed: str, instead: str
) -> None:
    """P8: a URL may hold a password, and is not repeated."""
    with pytest.raises(Refused) as caught:
        read(f"request {typed} 2h orders")

    assert instead in sentence(caught.value.refusal)
    assert "hunter2" not in sentence(caught.value.refusal)


def test_a_misspelt_cluster_in_front_is_not_taken_for_a_source() -> None:
    with refused("Did you mean `orders`?"):
        read(f"request ordres {IP} 2h")


def test_a_reason_is_kept_as_it_was_typed() -> None:
    found = read(f"request {IP} 2h orders - \u201cthe job\u201d, `x` <https://a.b|c>")

    assert isinstance(found, RequestAccess)
    assert found.reason == "\u201cthe job\u201d, `x` <https://a.b|c>"


def test_an_emergency_is_read_in_the_same_way() -> None:
    assert read(f"emergency orders {IP} 1h 30m - all locked") == OpenEmergencyForm(
        source=IP, duration="1h30m", cluster="orders", reason="all locked"
    )
    assert read(f"emergency {IP} until 16:17 fix orders") == OpenEmergencyForm(
        source=IP, duration="until 16:17", cluster="orders", reason="fix orders"
    )


def test_an_adoption_is_read_in_the_same_way() -> None:
    assert read(f"adopt `{IP}` on Orders for 1 week the office") == Adopt(
        cluster="orders", source=HERE, duration=timedelta(weeks=1), reason="the office"
    )
    with refused("`a week` isn't a duration"):
        read(f"adopt orders {IP} a week")


@pytest.mark.parametrize(
    ("line", "asked"),
    [
        ("17 1h 30m why", Extend(grant_id=17, duration=timedelta(minutes=90), reason="why")),
        ("17 2 hours", Extend(grant_id=17, duration=timedelta(hours=2))),
        ("`#17` for another 2 hours", Extend(grant_id=17, duration=timedelta(hours=2))),
        ("#17 until 18:00", Extend(grant_id=17, until=AFTERNOON.replace(hour=18, minute=0,
                                                                         second=0))),
        ("17 half an hour why", OpenExtensionForm(17, "why", duration="half an hour")),
        ("17 1h30 why", OpenExtensionForm(17, "why", duration="1h30")),
        ("17 2h minus 1h", OpenExtensionForm(17, "minus 1h", duration="2h")),
        ("17 until 18:00 UTC", OpenExtensionForm(17, "UTC", duration="until 18:00")),
        ("17 30", OpenExtensionForm(17, duration="30")),
    ],
)  # fmt: skip
def test_an_extension_is_read_in_the_same_way(line: str, asked: Intent) -> None:
    assert read(f"extend {line}") == asked


def test_a_cluster_is_named_in_quotes_or_behind_a_word() -> None:
    assert read("connect to `orders`") == ShowConnect("orders")


# Lines put together from parts

SPELLINGS = {
    604_800: ("w", " week", " weeks"),
    86_400: ("d", " day", " days"),
    3_600: ("h", " hour", " hours", " hrs", "H"),
    60: ("m", " min", " minutes", "mins", "M"),
    1: ("s", " sec", " seconds", "S"),
}


@st.composite
def durations(draw: st.DrawFn) -> tuple[str, timedelta]:
    """A duration as somebody spells it, and how long that is."""
    units = draw(st.lists(st.sampled_from(list(SPELLINGS)), min_size=1, max_size=3, unique=True))
    counts = [draw(st.integers(1, 99)) for _ in units]
    between = draw(st.sampled_from(["", " ", " and "]))
    largest_first = sorted(zip(units, counts, strict=True), reverse=True)
    spelt = between.join(
        f"{count}{draw(st.sampled_from(SPELLINGS[unit]))}" for unit, count in largest_first
    )
    return spelt, timedelta(seconds=sum(unit * count for unit, count in largest_first))


WRAPPINGS = ("{}", "`{}`", '"{}"', "\u201c{}\u201d", "{},", "\u200b{}\u200e", "\ufeff{}")
CLEAR_REASONS = ("", "- fixing the job", "invoice 88", "for \u201cthe night\u201d", "it is slow")


@fuzzed(300)
@given(
    cluster=st.sampled_from(CLUSTERS),
    address=st.sampled_from([IP, "198.51.100.7", "198.51.100.0/24"]),
    duration=durations(),
    reason=st.sampled_from(CLEAR_REASONS),
    data=st.data(),
)
def test_parts_in_any_order_and_dress_are_read_as_composed(
    cluster: str, address: str, duration: tuple[str, timedelta], reason: str, data: st.DataObject
) -> None:
    """P4."""
    spelt, meant = duration
    name = data.draw(st.sampled_from([cluster, cluster.upper(), cluster.title()]))
    parts = data.draw(st.permutations([address, spelt, name]))
    fillers = st.sampled_from(["", "for ", "on ", "to ", "in ", "cluster ", "- ", "\u2014 "])
    dressed = [
        data.draw(fillers) + data.draw(st.sampled_from(WRAPPINGS)).format(part) for part in parts
    ]
    space = data.draw(st.sampled_from([" ", "  ", "\xa0", "\u2009", "\t"]))

    assert read(space.join(["request", *dressed, reason])) == RequestAccess(
        cluster=cluster,
        source=parse_source(address),
        duration=meant,
        reason=reason.removeprefix("- "),
    )


BEFORE = (
    "",
    "*",
    "/",
    ",",
    "\u2026",
    "->",
    "(",
    "[",
    "@",
    "#",
    "-",
    "\u201c",
    "~",
    "|",
    "_",
    ":",
    "=",
)
BEHIND = (*BEFORE, "'s", "\u2019s", ")", "]", "\u201d.", "!")
CORRECTIONS = ("for", "in", "-", "minus", "no,", "only", "\u2013", "less", "max", "at most", "(")


@fuzzed(200)
@given(st.sampled_from(CLUSTERS), st.sampled_from(BEFORE), st.sampled_from(BEHIND), st.booleans())
def test_a_name_in_any_punctuation_is_seen(
    cluster: str, before: str, behind: str, upper: bool
) -> None:
    """P4."""
    name = cluster.upper() if upper else cluster
    found = read(f"request {IP} 2h fix the {before}{name}{behind} job")

    assert isinstance(found, OpenForm)
    assert found.cluster == cluster


@fuzzed(200)
@given(durations(), durations(), st.sampled_from(CORRECTIONS), st.booleans())
def test_a_second_duration_opens_the_form(
    first: tuple[str, timedelta], second: tuple[str, timedelta], between: str, last: bool
) -> None:
    """P4: which of them is meant is not guessed."""
    line = (
        f"orders {first[0]} {between} {second[0]}"
        if last
        else f"{first[0]} orders {between} {second[0]}"
    )

    assert isinstance(read(f"request {IP} {line}"), OpenForm)


POOL = st.sampled_from(
    [*CLUSTERS, "Orders,", "`billing`", "ordres", IP, "1h", "30m", "1h30", "30", "2",
     "hours", "min", "half", "an", "a", "hour", "day", "until", "18:00", "tomorrow", "for",
     "on", "to", "in", "the", "cluster", "-", "and", "or", "ago", "1.5h", "2days", "fix",
     "job", "invoice", "now", "2nd", "\u200b", "until 16:00", "2 hours", "1h 30m", "10 min",
     "of", "more", "+", "&", "s", "1h-2h"]
)  # fmt: skip
SPELT = re.compile(r"(\d+(?:\.\d+)?) ?(w|d|h|m|s)")
UNTIL = re.compile(r"(?:until|till|til)\W+(\d+):(\d+)")


def longest_typed(line: str) -> timedelta | None:
    """The most that anybody could read in a line; None where it has no duration at all."""
    seconds = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
    found = [timedelta(seconds=float(n) * seconds[unit]) for n, unit in SPELT.findall(line)]
    for hour, minute in UNTIL.findall(line):
        found.append(AFTERNOON.replace(hour=int(hour), minute=int(minute), second=0) - AFTERNOON)
    return sum(found, timedelta()) if found else None


@fuzzed(1_000)
@given(st.lists(POOL, max_size=9), st.booleans())
def test_any_words_never_open_another_cluster_nor_for_longer_than_typed(
    words: list[str], first: bool
) -> None:
    """P4: what is not read as it stands opens the form, or is refused with a sentence."""
    line = " ".join(["request", *([IP] if first else []), *words])
    found = read_or_refusal(line)
    if isinstance(found, str):
        return
    plain = line.lower().replace("\u200b", "").replace("`", "")
    typed = [word.strip(",") for word in plain.split() if word.strip(",") in CLUSTERS]
    if not isinstance(found, RequestAccess):
        assert isinstance(found, OpenForm)
        assert not typed or found.cluster in ("", *typed)
        assert not typed or not found.is_of_channel
        return
    assert found.cluster == (typed[0] if typed else "analytics")
    longest = longest_typed(" ".join(plain.replace(IP, "at").split()))
    lasts = found.duration if found.until is None else found.until - AFTERNOON
    assert lasts <= (longest or USUAL)
    assert longest is not None or found.duration == USUAL


@fuzzed(400)
@given(
    st.sampled_from(
        ["", "request ", f"request {IP} ", "adopt orders ", "extend 17 ", "emergency "]
    ),
    st.text(),
)
def test_any_text_is_read_or_refused(start: str, text: str) -> None:
    for line in (start + text, start + text.replace(" ", "\u200b")):
        assert read_or_refusal(line)
