"""Trusted sources: parse, normalise, refuse.

A trusted source is `type:value`. DigitalOcean takes five types (its API specification,
schema `firewall_rule`) and no IPv6; which addresses make sense as a source is ours to say.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Network

from bot.domain.refusal import Refused, quoted

GUARD_ADDRESS = "192.0.2.1"


class SourceType(StrEnum):
    """The types of trusted source that DigitalOcean knows."""

    IP_ADDR = "ip_addr"
    DROPLET = "droplet"
    K8S = "k8s"
    TAG = "tag"
    APP = "app"


@dataclass(frozen=True, order=True)
class TrustedSource:
    """One trusted source in its one normal form, so that equal sources compare equal."""

    type: SourceType
    value: str

    def __str__(self) -> str:
        return self.value if self.type is SourceType.IP_ADDR else f"{self.type}:{self.value}"

    @property
    def network(self) -> IPv4Network | None:
        """The addresses of an `ip_addr` source; None where there are none to be told."""
        if self.type is not SourceType.IP_ADDR:
            return None
        try:
            return IPv4Network(self.value, strict=False)
        except ValueError:  # odd, but the API holds it
            return None

    def covers(self, other: "TrustedSource") -> bool:
        """Tell whether whatever comes from *other* is let in by this source, too."""
        if self == other:
            return True
        mine, theirs = self.network, other.network
        return mine is not None and theirs is not None and theirs.subnet_of(mine)


GUARD = TrustedSource(SourceType.IP_ADDR, GUARD_ADDRESS)

_PRIVATE = tuple(
    (IPv4Network(network), kind)
    for network, kind in [
        ("10.0.0.0/8", "private"),
        ("172.16.0.0/12", "private"),
        ("192.168.0.0/16", "private"),
        ("100.64.0.0/10", "shared (carrier-grade NAT)"),
    ]
)
_NEVER = tuple(
    (IPv4Network(network), kind)
    for network, kind in [
        ("0.0.0.0/8", "reserved"),
        ("127.0.0.0/8", "loopback"),
        ("169.254.0.0/16", "link-local"),
        ("192.0.0.0/24", "reserved"),
        ("192.88.99.0/24", "reserved"),
        ("198.18.0.0/15", "reserved"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
    ]
)
_GUARD_NETWORK = IPv4Network("192.0.2.0/24")
_TAG = re.compile(r"[A-Za-z0-9_:\-]{1,255}")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_LEADING_ZERO = re.compile(r"(?:^|\.|/)0\d")
_IPV4_LIKE = re.compile(r"[\d.]+(?:/\d*)?")
_EXAMPLES = (
    "Write an IPv4 address like `203.0.113.4`, a network like `203.0.113.0/28`, or "
    "`droplet:ID`, `k8s:UUID`, `tag:NAME`, `app:UUID`."
)


def parse_source(text: str) -> TrustedSource:
    """Return the trusted source that *text* names, in its normal form.

    Whether a cluster takes such a source is asked later, by `check_address`.

    Raises:
        Refused: the text names no source that DigitalOcean would take.
    """
    typed = text.strip().strip("`'\"")
    prefix, colon, value = typed.partition(":")
    if colon and (_is_ipv6(typed) or _is_ipv6(value)):
        raise Refused(
            f"{quoted(typed)} is an IPv6 address, and DigitalOcean takes only IPv4 addresses as "
            "trusted sources. Use the IPv4 address you connect from, like `203.0.113.4`."
        )
    if colon and prefix.lower() in set(SourceType):
        return _PARSERS[SourceType(prefix.lower())](value.strip())
    return _parse_address(typed)


def check_address(source: TrustedSource, *, min_prefix: int, allow_private: bool) -> None:
    """Refuse an `ip_addr` source that a cluster should not trust; other types pass.

    Args:
        source: what somebody asks for.
        min_prefix: the widest network allowed, as a prefix length in bits (32: one address).
        allow_private: whether RFC 1918 and 100.64.0.0/10 addresses are taken.

    Raises:
        Refused: too wide a network, or an address that is not a public one.
    """
    network = source.network
    if network is None:
        return
    if network.overlaps(_GUARD_NETWORK):
        raise Refused(
            f"{quoted(source.value)} overlaps `192.0.2.0/24`, where dbaccess keeps its guard rule. "
            "Use the address you really connect from."
        )
    refused = _NEVER if allow_private else _NEVER + _PRIVATE
    for reserved, kind in refused:
        if network.overlaps(reserved):
            raise Refused(
                f"{quoted(source.value)} is a {kind} address, which the database never sees as "
                "yours. Use the public IPv4 address you connect from."
            )
    if network.prefixlen < min_prefix:
        widest = "single addresses only" if min_prefix == 32 else f"/{min_prefix} at the widest"
        raise Refused(
            f"{quoted(source.value)} is too wide: it holds {network.num_addresses:,} addresses, "
            f"and this cluster takes {widest}."
        )


@lru_cache(maxsize=4096)  # the same rules are read again and again
def normal_source(type_: str, value: str) -> TrustedSource | None:
    """Return the source of a rule as the API holds it, or None for a type nobody knows yet.

    A value that is odd but was accepted by the API stays as it is.
    """
    if type_ not in set(SourceType):
        return None
    kind = SourceType(type_)
    try:
        return _PARSERS[kind](value)
    except Refused:
        return TrustedSource(kind, value)


def _parse_address(typed: str) -> TrustedSource:
    if not _IPV4_LIKE.fullmatch(typed):
        raise Refused(f"{quoted(typed)} is not a trusted source. {_EXAMPLES}")
    if _LEADING_ZERO.search(typed):
        raise Refused(
            f"{quoted(typed)} has leading zeros, which some programs read as octal. "
            "Write the numbers plainly, like `203.0.113.4`."
        )
    address, slash, _ = typed.partition("/")
    try:
        network = IPv4Network(typed, strict=False)
    except ValueError as error:
        raise Refused(f"{quoted(typed)} is not an IPv4 address or network. {_EXAMPLES}") from error
    if network.prefixlen == 0:
        raise Refused(
            f"{quoted(typed)} is the whole internet. Ask for the one address you connect from, "
            "like `203.0.113.4`."
        )
    if slash and IPv4Address(address) != network.network_address:
        raise Refused(
            f"{quoted(typed)} has bits set to the right of its prefix. "
            f"The network is {quoted(str(network))}; for one address write {quoted(address)}."
        )
    return TrustedSource(SourceType.IP_ADDR, address if network.prefixlen == 32 else str(network))


def _parse_droplet(value: str) -> TrustedSource:
    if not re.fullmatch(r"[1-9][0-9]{0,18}", value):
        raise Refused(
            f"{quoted(value)} is not a Droplet ID. It is a number, like `droplet:163973392`."
        )
    return TrustedSource(SourceType.DROPLET, value)


def _parse_tag(value: str) -> TrustedSource:
    if not _TAG.fullmatch(value):
        raise Refused(
            f"{quoted(value)} is not a tag. A tag has letters, digits, colons, dashes and "
            "underscores, like `tag:backend`."
        )
    return TrustedSource(SourceType.TAG, value)


def _parse_k8s(value: str) -> TrustedSource:
    return TrustedSource(SourceType.K8S, _uuid(value, "a Kubernetes cluster", "k8s"))


def _parse_app(value: str) -> TrustedSource:
    return TrustedSource(SourceType.APP, _uuid(value, "an app", "app"))


def _uuid(value: str, what: str, prefix: str) -> str:
    if not _UUID.fullmatch(value):
        raise Refused(
            f"{quoted(value)} is not the UUID of {what}. It looks like "
            f"`{prefix}:ff2a6c52-5a44-4b63-b99c-0e98e7a63d61`."
        )
    return value.lower()


def _is_ipv6(text: str) -> bool:
    try:
        IPv6Network(text.strip("[]"), strict=False)
    except ValueError:
        return False
    return True


_PARSERS = {
    SourceType.IP_ADDR: _parse_address,
    SourceType.DROPLET: _parse_droplet,
    SourceType.K8S: _parse_k8s,
    SourceType.TAG: _parse_tag,
    SourceType.APP: _parse_app,
}
