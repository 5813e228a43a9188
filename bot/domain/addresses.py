"""IP addresses and networks: which DigitalOcean takes, and which make sense as a trusted source.

DigitalOcean takes IPv4 alone (digitalocean/openapi #1208). The day it takes IPv6, `IP_VERSIONS`
becomes `(4, 6)`, and `NETWORK_FORMAT`, which the schema of `dbaccess.toml` shows, `ipvanynetwork`.
"""

import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from bot.domain.refusal import Refused
from bot.domain.refusals.sources import (
    AddressRange,
    HasPort,
    HostBitsSet,
    Ipv6NotTaken,
    IsHostName,
    IsUrl,
    LeadingZeros,
    NotAnAddress,
    NotASource,
    NotPublic,
    OverlapsGuard,
    SeveralAddresses,
    TooWide,
    WholeInternet,
)

IP_VERSIONS: tuple[int, ...] = (4,)
NETWORK_FORMAT = "ipv4network"

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

_PRIVATE = tuple(
    (ip_network(network), kind)
    for network, kind in [
        ("10.0.0.0/8", AddressRange.PRIVATE),
        ("172.16.0.0/12", AddressRange.PRIVATE),
        ("192.168.0.0/16", AddressRange.PRIVATE),
        ("100.64.0.0/10", AddressRange.SHARED),
        ("fc00::/7", AddressRange.PRIVATE),
    ]
)
_NEVER = tuple(
    (ip_network(network), kind)
    for network, kind in [
        ("0.0.0.0/8", AddressRange.RESERVED),
        ("127.0.0.0/8", AddressRange.LOOPBACK),
        ("169.254.0.0/16", AddressRange.LINK_LOCAL),
        ("192.0.0.0/24", AddressRange.RESERVED),
        ("192.88.99.0/24", AddressRange.RESERVED),
        ("198.18.0.0/15", AddressRange.RESERVED),
        ("224.0.0.0/4", AddressRange.MULTICAST),
        ("240.0.0.0/4", AddressRange.RESERVED),
        ("::1/128", AddressRange.LOOPBACK),
        ("::/8", AddressRange.RESERVED),
        ("64:ff9b::/32", AddressRange.RESERVED),
        ("fe80::/10", AddressRange.LINK_LOCAL),
        ("ff00::/8", AddressRange.MULTICAST),
    ]
)
_GUARD_NETWORK = IPv4Network("192.0.2.0/24")
_LEADING_ZERO = re.compile(r"(?:^|\.|/)0\d")
_IPV4_LIKE = re.compile(r"[\d.]+(?:/\d*)?")
_URL = re.compile(r"[a-z][a-z0-9+.-]*://(?:[^/?#]*@)?([^/?#:]*)", re.IGNORECASE)
_WITH_PORT = re.compile(r"(.+):[0-9]{1,5}")
_HOST_NAME = re.compile(r"(?:[a-z0-9_-]+\.)+[a-z][a-z0-9-]*\.?|localhost", re.IGNORECASE)
_BETWEEN = re.compile(r"\s*(?:[,;&+\u2013\u2014-]|\band\b|\bto\b|\s)\s*", re.IGNORECASE)
_DOTS = re.compile(r"[0-9]+(?:\.[0-9]+){2,}\.?(?:/[0-9]*)?")


def is_taken(one: Address | Network) -> bool:
    """Tell whether DigitalOcean takes addresses of this version."""
    return one.version in IP_VERSIONS


def kind_of_address() -> str:
    """Return what an address is called that DigitalOcean takes."""
    return "IPv4" if IP_VERSIONS == (4,) else "IP"


def is_ipv6(text: str) -> bool:
    """Tell whether *text* is an IPv6 address or network, perhaps in brackets."""
    return ":" in text and isinstance(read_network(text.strip("[]")), IPv6Network)


@lru_cache(maxsize=1024)  # the same addresses are compared again and again
def read_network(value: str, *, strict: bool = False) -> Network | None:
    """Return the network that *value* names; None if it names none.

    With *strict*, also None if bits are set to the right of the prefix.
    """
    try:
        return ip_network(value, strict)
    except ValueError:
        return None


def is_within(network: Network, wider: Network) -> bool:
    """Tell whether one network lies within the other."""
    if isinstance(network, IPv4Network):
        return isinstance(wider, IPv4Network) and network.subnet_of(wider)
    return isinstance(wider, IPv6Network) and network.subnet_of(wider)


def is_like_ipv4(word: str) -> bool:
    """Tell whether *word* is written like an IPv4 address or network, rightly or not."""
    return _DOTS.fullmatch(word) is not None


def looks_like_address(word: str) -> bool:
    """Tell whether somebody who typed *word* meant to say where from, rightly or not."""
    return (
        bool(_DOTS.fullmatch(word) or _URL.match(word) or _HOST_NAME.fullmatch(word))
        or is_ipv6(word)
        or _is_like_address_and_more(word)
    )


def _is_like_address_and_more(word: str) -> bool:
    with_port = _WITH_PORT.fullmatch(word)
    host = with_port[1] if with_port else ""
    return (
        bool(_DOTS.fullmatch(host) or _HOST_NAME.fullmatch(host)) or _first_of_several(word) != ""
    )


def _first_of_several(typed: str) -> str:
    """Return the first address of several, or of a range; empty if there are not several."""
    parts = _BETWEEN.split(typed)
    is_several = len(parts) > 1 and all(_DOTS.fullmatch(part) for part in parts)
    return parts[0] if is_several else ""


def _refuse_more_than_address(typed: str) -> None:
    """Refuse a URL, a port, a host name, and several addresses, with what to write instead."""
    if url := _URL.match(typed):
        host = url[1]
        raise Refused(IsUrl(address=host if read_network(host) else None))
    if first := _first_of_several(typed):
        raise Refused(SeveralAddresses(address=first))
    with_port = _WITH_PORT.fullmatch(typed)
    host = with_port[1] if with_port else typed
    if with_port and read_network(host):
        raise Refused(HasPort(address=host))
    if _HOST_NAME.fullmatch(host):
        raise Refused(IsHostName(typed=host))


def parse_address(typed: str) -> str:
    """Return the address or network that *typed* names, in its one normal form.

    Raises:
        Refused: it names none that DigitalOcean would take.
    """
    if is_ipv6(typed) and 6 not in IP_VERSIONS:
        raise Refused(Ipv6NotTaken(typed=typed))
    if not is_ipv6(typed):
        _refuse_more_than_address(typed)
    written = typed.strip("[]") if is_ipv6(typed) else typed
    if not (is_ipv6(typed) or _IPV4_LIKE.fullmatch(typed)):
        raise Refused(NotASource(typed=typed))
    if not is_ipv6(typed) and _LEADING_ZERO.search(typed):
        raise Refused(LeadingZeros(typed=typed))
    network = read_network(written)
    if network is None:
        raise Refused(NotAnAddress(typed=typed))
    if network.prefixlen == 0:
        raise Refused(WholeInternet(typed=typed))
    address, slash, _ = written.partition("/")
    if slash and ip_address(address) != network.network_address:
        raise Refused(HostBitsSet(typed=typed, network=str(network), address=address))
    return str(network.network_address) if network.num_addresses == 1 else str(network)


def check_network(network: Network, value: str, *, min_prefix: int, allow_private: bool) -> None:
    """Refuse a network that a cluster should not trust.

    Args:
        network: the addresses of what somebody asks for.
        value: how it is written.
        min_prefix: the widest network allowed, as an IPv4 prefix length in bits (32: one address);
            for IPv6, a network with that many addresses.
        allow_private: whether RFC 1918, 100.64.0.0/10 and fc00::/7 are allowed.

    Raises:
        Refused: too wide a network, or an address that is not a public one.
    """
    if network.overlaps(_GUARD_NETWORK):
        raise Refused(OverlapsGuard(typed=value))
    refused = _NEVER if allow_private else _NEVER + _PRIVATE
    for reserved, kind in refused:
        if network.overlaps(reserved):
            raise Refused(NotPublic(typed=value, range=kind))
    least = network.max_prefixlen - (32 - min_prefix)
    if network.prefixlen < least:
        widest = None if min_prefix == 32 else least
        raise Refused(TooWide(typed=value, addresses=network.num_addresses, widest=widest))
