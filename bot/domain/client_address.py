"""The client address: where a browser comes from, if that is known, and whether it can be used."""

import re
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

from bot.domain.addresses import Address, is_taken
from bot.domain.policy import Policy
from bot.domain.refusal import Refused
from bot.domain.refusals.any_refusal import AnyRefusal
from bot.domain.sources import SourceType, TrustedSource, check_address

_WITH_PORT = re.compile(r"\[(?P<ipv6>[^\[\]]+)\](?::\d+)?|(?P<ipv4>[\d.]+):\d+")


@dataclass(frozen=True)
class Usable:
    """An address that one may ask for."""

    source: TrustedSource


@dataclass(frozen=True)
class OverIpv6:
    """The browser came over IPv6, which DigitalOcean does not take."""

    address: str


@dataclass(frozen=True)
class NotPublic:
    """An address that no cluster takes."""

    address: str
    why: AnyRefusal


@dataclass(frozen=True)
class NotTold:
    """The proxies do not say where the browser comes from."""


ClientAddress = Usable | OverIpv6 | NotPublic | NotTold


def client_address(peer: str, forwarded_for: str, *, trusted_proxies: int) -> Address | None:
    """Return the address that a request comes from; None if it is not known.

    Each proxy appends the address that it sees to the header, so only the last entries are the
    trusted proxies' own. Anybody could have written those before them.

    Args:
        peer: the other end of the connection.
        forwarded_for: the header `X-Forwarded-For`, several of them joined by commas.
        trusted_proxies: how many proxies there are in front; with 0 the header is not read.
    """
    if trusted_proxies == 0:
        return _read(peer)
    entries = forwarded_for.split(",")
    return _read(entries[-trusted_proxies]) if len(entries) >= trusted_proxies else None


def classify_client_address(address: Address | None, policy: Policy) -> ClientAddress:
    """Return what a client's address is good for."""
    if address is None:
        return NotTold()
    if not is_taken(address):
        return OverIpv6(str(address))
    source = TrustedSource(SourceType.IP_ADDR, str(address))
    allow_private = any(cluster.allow_private for cluster in policy.clusters.values())
    try:
        check_address(source, min_prefix=32, allow_private=allow_private)
    except Refused as refused:
        return NotPublic(source.value, refused.refusal)
    return Usable(source)


def _read(entry: str) -> Address | None:
    text = entry.strip()
    if with_port := _WITH_PORT.fullmatch(text):
        text = with_port["ipv6"] or with_port["ipv4"]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
