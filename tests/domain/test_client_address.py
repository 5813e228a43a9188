"""Whose address it is: only what the trusted proxies themselves wrote is believed."""

from ipaddress import ip_address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.config import parse_policy
from bot.domain.addresses import Address
from bot.domain.client_address import (
    NotPublic,
    NotTold,
    OverIpv6,
    Usable,
    classify_client_address,
    client_address,
)
from bot.domain.policy import Policy
from bot.domain.sources import SourceType, TrustedSource
from bot.slack.messages.quoting import in_plain_text
from bot.slack.messages.refusals import sentence

PROXY, HOME = "10.0.0.2", "203.0.113.4"
addresses = st.ip_addresses().map(str)


def policy(**defaults: Any) -> Policy:
    return parse_policy(
        {
            "instance": "test",
            "operators": "C0OPS",
            "defaults": {"channel": "C0APPROVALS", "approvers": ["U0ALICE"], **defaults},
            "clusters": {"orders": {"id": "9cc10173-e9ea-4176-9dbc-a4cee4c4ff30"}},
        }
    )


def seen(forwarded_for: str, proxies: int) -> str | None:
    address = client_address(PROXY, forwarded_for, trusted_proxies=proxies)
    return str(address) if address else None


@pytest.mark.parametrize(
    ("forwarded_for", "proxies", "address"),
    [
        ("", 0, PROXY),
        (HOME, 0, PROXY),
        (HOME, 1, HOME),
        (f"198.51.100.1, {HOME}", 1, HOME),
        (f'"198.51.100.1, {HOME}', 1, HOME),
        (f"198.51.100.1,, {HOME}", 1, HOME),
        (f"198.51.100.1, {HOME}, 10.0.0.9", 2, HOME),
        (f"{HOME}:4711", 1, HOME),
        (f"::ffff:{HOME}", 1, HOME),
        ("2001:db8::1", 1, "2001:db8::1"),
        ("[2001:db8::1]", 1, "2001:db8::1"),
        ("[2001:db8::1]:4711", 1, "2001:db8::1"),
        ("", 1, None),
        (HOME, 2, None),
        ("unknown", 1, None),
        (f"{HOME},", 1, None),
        ("203.0.113.04", 1, None),
        (f"{HOME}/24", 1, None),
        ("<script>", 1, None),
    ],
)
def test_an_address_is_read_where_the_trusted_proxies_wrote_it(
    forwarded_for: str, proxies: int, address: str | None
) -> None:
    assert seen(forwarded_for, proxies) == address


def test_an_ipv4_address_on_a_socket_for_both_versions_is_one() -> None:
    assert client_address(f"::ffff:{HOME}", "", trusted_proxies=0) == ip_address(HOME)


@given(spoofed=st.text(max_size=200), entries=st.lists(addresses, min_size=1, max_size=4))
def test_whatever_a_client_writes_first_the_proxies_are_read_alike(
    spoofed: str, entries: list[str]
) -> None:
    honest = seen(", ".join(entries), len(entries))
    assert honest is not None
    assert seen(f"{spoofed}, {', '.join(entries)}", len(entries)) == honest


@given(forwarded_for=st.text(max_size=200))
def test_without_trusted_proxies_the_header_counts_for_nothing(forwarded_for: str) -> None:
    assert seen(forwarded_for, 0) == PROXY


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("10.0.0.7", "10.0.0.7 is a private address"),
        ("100.64.0.7", "100.64.0.7 is a shared address (carrier-grade NAT)"),
        ("127.0.0.1", "127.0.0.1 is a loopback address"),
        ("192.0.2.1", "192.0.2.1 overlaps 192.0.2.0/24, which is reserved"),
    ],
)
def test_an_address_that_no_cluster_takes_is_not_offered(address: str, why: str) -> None:
    sight = classify_client_address(ip_address(address), policy())
    assert isinstance(sight, NotPublic)
    assert sentence(sight.why, in_plain_text).startswith(why)


def test_what_can_be_asked_for_is_offered() -> None:
    home: Address = ip_address(HOME)
    assert classify_client_address(home, policy()) == Usable(
        TrustedSource(SourceType.IP_ADDR, HOME)
    )
    private = classify_client_address(ip_address("10.0.0.7"), policy(allow_private=True))
    assert private == Usable(TrustedSource(SourceType.IP_ADDR, "10.0.0.7"))
    assert classify_client_address(ip_address("2001:db8::1"), policy()) == OverIpv6("2001:db8::1")
    assert classify_client_address(None, policy()) == NotTold()
