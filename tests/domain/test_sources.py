from collections.abc import Iterator
from ipaddress import IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import addresses
from bot.domain.refusal import Refused
from bot.domain.sources import (
    GUARD,
    SourceType,
    TrustedSource,
    check_address,
    normal_source,
    parse_source,
)
from bot.domain.written_policy import AutoApproval
from bot.slack.messages.refusals import sentence
from tests.domain.examples import refused

A_UUID = "ff2a6c52-5a44-4b63-b99c-0e98e7a63d61"

ADDRESSES = st.ip_addresses(v=4).map(str)
NETWORKS = st.builds(
    lambda address, bits: str(IPv4Network(f"{address}/{bits}", strict=False)),
    ADDRESSES,
    st.integers(1, 31),
)
SOURCES = st.one_of(
    st.builds(TrustedSource, st.just(SourceType.IP_ADDR), ADDRESSES | NETWORKS),
    st.builds(TrustedSource, st.just(SourceType.DROPLET), st.integers(1, 10**19 - 1).map(str)),
    st.builds(TrustedSource, st.just(SourceType.K8S), st.uuids().map(str)),
    st.builds(TrustedSource, st.just(SourceType.APP), st.uuids().map(str)),
    st.builds(
        TrustedSource,
        st.just(SourceType.TAG),
        st.from_regex(r"[A-Za-z0-9_:\-]{1,255}", fullmatch=True),
    ),
)


def refusal_of(typed: str, *, min_prefix: int = 32, allow_private: bool = False) -> str:
    """Return the sentence that *typed* is refused with, by its form or by the cluster."""
    with pytest.raises(Refused) as caught:
        check_address(parse_source(typed), min_prefix=min_prefix, allow_private=allow_private)
    return sentence(caught.value.refusal)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("203.0.113.4", "ip_addr:203.0.113.4"),
        ("203.0.113.4/32", "ip_addr:203.0.113.4"),
        ("203.0.113.0/28", "ip_addr:203.0.113.0/28"),
        ("ip_addr:203.0.113.4", "ip_addr:203.0.113.4"),
        (" `203.0.113.4` ", "ip_addr:203.0.113.4"),
        ("droplet:163973392", "droplet:163973392"),
        ("Droplet: 163973392", "droplet:163973392"),
        (f"k8s:{A_UUID.upper()}", f"k8s:{A_UUID}"),
        (f"app:{A_UUID}", f"app:{A_UUID}"),
        ("tag:backend", "tag:backend"),
        ("tag:env:prod", "tag:env:prod"),
    ],
)
def test_a_source_is_read_into_its_one_normal_form(typed: str, meant: str) -> None:
    source = parse_source(typed)

    assert f"{source.type}:{source.value}" == meant


def test_a_source_is_shown_as_it_would_be_typed() -> None:
    assert str(TrustedSource(SourceType.IP_ADDR, "203.0.113.4")) == "203.0.113.4"
    assert str(TrustedSource(SourceType.TAG, "backend")) == "tag:backend"


def test_only_an_address_has_a_network() -> None:
    assert parse_source("203.0.113.4").network == IPv4Network("203.0.113.4/32")
    assert parse_source("tag:backend").network is None


@pytest.mark.parametrize(
    "typed",
    ["2001:db8::1", "::", "::ffff:203.0.113.4", "2001:db8::/32", "[2001:db8::1]", "fe80::1%eth0"],
)
def test_ipv6_is_refused_since_digitalocean_does_not_take_it(typed: str) -> None:
    sentence = refusal_of(typed)

    assert f"`{typed}` is an IPv6 address" in sentence
    assert "takes only IPv4" in sentence
    assert "like `203.0.113.4`" in sentence


@pytest.mark.parametrize(
    ("typed", "kind"),
    [
        ("10.1.2.3", "private"),
        ("172.16.0.1", "private"),
        ("172.31.255.255", "private"),
        ("192.168.1.10", "private"),
        ("100.64.0.1", "shared"),
        ("100.127.255.255", "shared"),
    ],
)
def test_a_private_or_shared_address_is_refused_unless_the_cluster_takes_them(
    typed: str, kind: str
) -> None:
    sentence = refusal_of(typed)

    assert f"`{typed}` is a {kind}" in sentence
    assert "public IPv4 address" in sentence
    check_address(parse_source(typed), min_prefix=32, allow_private=True)


@pytest.mark.parametrize("allow_private", [False, True])
@pytest.mark.parametrize(
    ("typed", "kind"),
    [
        ("0.0.0.9", "reserved"),
        ("127.0.0.1", "loopback"),
        ("169.254.169.254", "link-local"),
        ("192.0.0.8", "reserved"),
        ("192.88.99.1", "reserved"),
        ("198.18.0.1", "reserved"),
        ("198.19.255.255", "reserved"),
        ("224.0.0.1", "multicast"),
        ("239.255.255.255", "multicast"),
        ("240.0.0.1", "reserved"),
        ("255.255.255.255", "reserved"),
    ],
)
def test_an_address_that_can_never_be_a_source_is_refused_everywhere(
    typed: str, kind: str, allow_private: bool
) -> None:
    sentence = refusal_of(typed, allow_private=allow_private)

    assert f"`{typed}` is a {kind} address" in sentence
    assert "public IPv4 address" in sentence


@pytest.mark.parametrize("typed", ["11.0.0.0/8", "172.32.0.1", "100.128.0.1", "126.255.255.255"])
def test_the_neighbours_of_private_addresses_are_public(typed: str) -> None:
    check_address(parse_source(typed), min_prefix=8, allow_private=False)


@pytest.mark.parametrize("typed", ["203.0.113.4", "198.51.100.0/24"])
def test_the_documentation_ranges_of_the_examples_are_taken_like_public_ones(typed: str) -> None:
    check_address(parse_source(typed), min_prefix=24, allow_private=False)


@pytest.mark.parametrize("typed", [GUARD.value, "192.0.2.77", "192.0.2.0/24", "192.0.0.0/16"])
def test_the_range_of_the_guard_rule_is_refused(typed: str) -> None:
    sentence = refusal_of(typed, min_prefix=8, allow_private=True)

    assert f"`{typed}`" in sentence
    assert "overlaps `192.0.2.0/24`, which is reserved" in sentence
    assert "Use your address" in sentence


def test_the_whole_internet_is_refused() -> None:
    sentence = refusal_of("0.0.0.0/0", min_prefix=0)

    assert "`0.0.0.0/0` is the whole internet" in sentence
    assert "the one address you connect from" in sentence


def test_a_network_wider_than_the_cluster_takes_is_refused_with_the_widest() -> None:
    sentence = refusal_of("203.0.112.0/22", min_prefix=24)

    assert "`203.0.112.0/22` is too wide: 1,024 addresses" in sentence
    assert "at most /24" in sentence


def test_a_cluster_for_single_addresses_says_so() -> None:
    assert "takes single addresses only" in refusal_of("203.0.113.0/24", min_prefix=32)


def test_a_network_of_just_the_widest_prefix_is_taken() -> None:
    check_address(parse_source("203.0.113.0/24"), min_prefix=24, allow_private=False)


def test_what_is_no_address_passes_the_check_of_addresses() -> None:
    check_address(parse_source("tag:backend"), min_prefix=32, allow_private=False)


def test_host_bits_are_refused_and_the_network_is_offered() -> None:
    sentence = refusal_of("203.0.113.77/28")

    assert "`203.0.113.77/28` isn't a network" in sentence
    assert "Use `203.0.113.64/28`" in sentence
    assert "or `203.0.113.77` alone" in sentence


@pytest.mark.parametrize("typed", ["203.0.113.04", "0203.0.113.4", "203.00.113.4", "1.2.3.0/08"])
def test_leading_zeros_are_refused_since_some_read_them_as_octal(typed: str) -> None:
    sentence = refusal_of(typed)

    assert f"`{typed}` has leading zeros" in sentence
    assert "like `203.0.113.4`" in sentence


@pytest.mark.parametrize("typed", ["203.0.113", "203.0.113.256", "1.2.3.4.5", "1.2.3.4/33", "7/"])
def test_numbers_that_make_no_address_are_refused_with_examples(typed: str) -> None:
    sentence = refusal_of(typed)

    assert f"`{typed}` isn't an IPv4 address" in sentence
    assert "203.0.113.4" in sentence


@pytest.mark.parametrize(
    "typed",
    ["", "1.2.3.0/255.255.255.0", "host:1", "203.0.113.4:x"],
)
def test_what_names_no_source_is_refused_with_an_example(typed: str) -> None:
    sentence = refusal_of(typed)

    assert f"`{typed}` isn't an IP address" in sentence
    assert "Try 203.0.113.4" in sentence


@pytest.mark.parametrize("typed", ["droplet:", "droplet:web-1", "droplet:0", "droplet:-4"])
def test_what_is_no_droplet_id_is_refused_with_an_example(typed: str) -> None:
    sentence = refusal_of(typed)

    assert "isn't a Droplet ID" in sentence
    assert "`droplet:163973392`" in sentence


@pytest.mark.parametrize("typed", ["tag:", "tag:two words", "tag:a/b", "tag:" + "x" * 256])
def test_what_is_no_tag_is_refused_with_what_a_tag_has(typed: str) -> None:
    sentence = refusal_of(typed)

    assert "isn't a tag" in sentence
    assert "letters, digits and `:-_`" in sentence
    assert "`tag:backend`" in sentence


@pytest.mark.parametrize(
    ("typed", "example"), [("k8s:staging", f"k8s:{A_UUID}"), ("app:", f"app:{A_UUID}")]
)
def test_what_is_no_uuid_is_refused_with_what_one_looks_like(typed: str, example: str) -> None:
    assert f"isn't a UUID, like `{example}`." in refusal_of(typed)


def test_a_rule_of_the_api_compares_equal_to_what_was_asked_for() -> None:
    assert normal_source("ip_addr", "203.0.113.4/32") == parse_source("203.0.113.4")
    assert normal_source("k8s", A_UUID.upper()) == parse_source(f"k8s:{A_UUID}")


def test_a_rule_of_a_type_nobody_knows_yet_has_no_source() -> None:
    assert normal_source("vpc", "10.0.0.0/8") is None


def test_an_odd_value_that_the_api_accepted_stays_as_it_is() -> None:
    odd = normal_source("ip_addr", "203.0.113.77/28")

    assert odd == TrustedSource(SourceType.IP_ADDR, "203.0.113.77/28")


@given(SOURCES)
def test_a_source_that_is_shown_is_read_as_the_same(source: TrustedSource) -> None:
    assert parse_source(str(source)) == source
    assert normal_source(source.type, source.value) == source


@given(
    st.text()
    | st.text("0123456789./:abcdefABCDEF[]%`", max_size=40)
    | st.builds("{}:{}".format, st.sampled_from(list(SourceType)), st.text())
)
def test_whatever_is_typed_is_a_source_in_normal_form_or_refused(text: str) -> None:
    try:
        source = parse_source(text)
    except Refused:
        return
    assert parse_source(str(source)) == source


@given(st.sampled_from([*SourceType, "vpc"]), st.text())
def test_whatever_the_api_holds_reading_it_never_fails(type_: str, value: str) -> None:
    source = normal_source(type_, value)

    assert (source is None) == (type_ == "vpc")


@given(SOURCES, st.integers(8, 32))
def test_what_a_cluster_takes_is_public_and_no_wider_than_allowed(
    source: TrustedSource, min_prefix: int
) -> None:
    try:
        check_address(source, min_prefix=min_prefix, allow_private=False)
    except Refused:
        return
    network = source.network
    if network is not None:
        examples = (IPv4Network("198.51.100.0/24"), IPv4Network("203.0.113.0/24"))
        assert network.prefixlen >= min_prefix
        assert not network.overlaps(IPv4Network("192.0.2.0/24"))
        assert not network.is_multicast
        assert network.is_global or any(network.overlaps(example) for example in examples)


def test_an_odd_value_that_the_api_holds_tells_no_addresses() -> None:
    assert TrustedSource(SourceType.IP_ADDR, "somewhere").network is None
    assert TrustedSource(SourceType.TAG, "backend").network is None


@pytest.mark.parametrize(
    "typed",
    [
        "app:a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_aa",
        "k8s:0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "app:{ff2a6c52-5a44-4b63-b99c-0e98e7a63d61}",
        "k8s:urn:uuid:ff2a6c52-5a44-4b63-b99c-0e98e7a63d61",
    ],
)
def test_a_uuid_is_written_in_its_one_usual_form(typed: str) -> None:
    with refused("isn't a UUID"):
        parse_source(typed)


# The day that DigitalOcean takes IPv6


@pytest.fixture
def with_ipv6(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(addresses, "IP_VERSIONS", (4, 6))
    normal_source.cache_clear()
    yield
    normal_source.cache_clear()


@pytest.mark.usefixtures("with_ipv6")
@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("2A00:1450:4001:81B::200E", "2a00:1450:4001:81b::200e"),
        ("[2a00:1450:4001:81b::200e]", "2a00:1450:4001:81b::200e"),
        ("2a00:1450:4001:81b::200e/128", "2a00:1450:4001:81b::200e"),
        ("2a00:1450:4001:81b::/124", "2a00:1450:4001:81b::/124"),
        ("ip_addr:2a00::1", "2a00::1"),
        ("203.0.113.4", "203.0.113.4"),
    ],
)
def test_ipv6_is_taken_the_day_that_one_line_says_so(typed: str, meant: str) -> None:
    source = parse_source(typed)

    assert source.value == meant
    assert normal_source("ip_addr", meant.upper()) == source
    check_address(source, min_prefix=28, allow_private=False)
    assert source.covers(source)
    assert not source.covers(parse_source("198.51.100.7"))
    written = {"requesters": ["*"], "sources": [meant], "max_duration": "1h"}
    assert AutoApproval.model_validate(written).sources == (source.network,)


@pytest.mark.usefixtures("with_ipv6")
@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("::1", "loopback"),
        ("fe80::1", "link-local"),
        ("fd00::1", "private"),
        ("ff02::1", "multicast"),
        ("::ffff:203.0.113.4", "reserved"),
        ("2a00:1450:4001:81b::/64", "too wide"),
    ],
)
def test_ipv6_that_makes_no_sense_as_a_source_is_refused(typed: str, why: str) -> None:
    with refused(why):
        check_address(parse_source(typed), min_prefix=32, allow_private=False)
