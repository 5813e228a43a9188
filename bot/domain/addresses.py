"""IP addresses and networks: which DigitalOcean takes, and which make sense as a trusted source.

DigitalOcean takes IPv4 alone (digitalocean/openapi #1208). The day it takes IPv6, `IP_VERSIONS`
becomes `(4, 6)`, and `NETWORK_FORMAT`, which the schema of `dbaccess.toml` shows, `ipvanynetwork`.
"""

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from bot.domain.refusal import Refused, quoted

IP_VERSIONS: tuple[int, ...] = (4,)
NETWORK_FORMAT = "ipv4network"

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

_EXAMPLE = "like `203.0.113.4`"
_PRIVATE = tuple(
    (ip_network(network), kind)
    for network, kind in [
        ("10.0.0.0/8", "private"),
        ("172.16.0.0/12", "private"),
        ("192.168.0.0/16", "private"),
        ("100.64.0.0/10", "shared (carrier-grade NAT)"),
        ("fc00::/7", "private"),
    ]
)
_NEVER = tuple(
    (ip_network(network), kind)
    for network, kind in [
        ("0.0.0.0/8", "reserved"),
        ("127.0.0.0/8", "loopback"),
        ("169.254.0.0/16", "link-local"),
        ("192.0.0.0/24", "reserved"),
        ("192.88.99.0/24", "reserved"),
        ("198.18.0.0/15", "reserved"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
        ("::1/128", "loopback"),
        ("::/8", "reserved"),
        ("64:ff9b::/32", "reserved"),
        ("fe80::/10", "link-local"),
        ("ff00::/8", "multicast"),
    ]
)
_GUARD_NETWORK = IPv4Network("192.0.2.0/24")
_LEADING_ZERO = re.compile(r"(?:^|\.|/)0\d")
_IPV4_LIKE = re.compile(r"[\d.]+(?:/\d*)?")


def is_taken(one: Address | Network) -> bool:
    """Tell whether DigitalOcean takes addresses of this version."""
    return one.version in IP_VERSIONS


def kind_of_address() -> str:
    """Return what an address is called that DigitalOcean takes."""
    return "IPv4" if IP_VERSIONS == (4,) else "IP"


def is_ipv6(text: str) -> bool:
    """Tell whether *text* is an IPv6 address or network, perhaps in brackets."""
    try:
        return ip_network(text.strip("[]"), strict=False).version == 6
    except ValueError:
        return False


def read_network(value: str, *, strict: bool = False) -> Network | None:
    """Return the addresses that *value* stands for; None where there are none to be told.

    With *strict*, that is so too where bits are set to the right of the prefix.
    """
    try:
        return ip_network(value, strict)
    except ValueError:
        return None


def is_within(network: Network, wider: Network) -> bool:
    """Tell whether each address of a network belongs to the other one."""
    if isinstance(network, IPv4Network):
        return isinstance(wider, IPv4Network) and network.subnet_of(wider)
    return isinstance(wider, IPv6Network) and network.subnet_of(wider)


def parse_address(typed: str) -> str:
    """Return the address or network that *typed* names, in its one normal form.

    Raises:
        Refused: it names none that DigitalOcean would take.
    """
    if is_ipv6(typed) and 6 not in IP_VERSIONS:
        raise Refused(
            f"{quoted(typed)} is an IPv6 address, and DigitalOcean takes only IPv4 addresses as "
            f"trusted sources. Use the IPv4 address you connect from, {_EXAMPLE}."
        )
    written = typed.strip("[]") if is_ipv6(typed) else typed
    if not (is_ipv6(typed) or _IPV4_LIKE.fullmatch(typed)):
        raise Refused(f"{quoted(typed)} is not a trusted source. {examples()}")
    if not is_ipv6(typed) and _LEADING_ZERO.search(typed):
        raise Refused(
            f"{quoted(typed)} has leading zeros, which some programs read as octal. "
            "Write the numbers plainly, like `203.0.113.4`."
        )
    network = read_network(written)
    if network is None:
        kind = kind_of_address()
        raise Refused(f"{quoted(typed)} is not an {kind} address or network. {examples()}")
    if network.prefixlen == 0:
        raise Refused(
            f"{quoted(typed)} is the whole internet. Ask for the one address you connect from, "
            f"{_EXAMPLE}."
        )
    address, slash, _ = written.partition("/")
    if slash and ip_address(address) != network.network_address:
        raise Refused(
            f"{quoted(typed)} has bits set to the right of its prefix. "
            f"The network is {quoted(str(network))}; for one address write {quoted(address)}."
        )
    return str(network.network_address) if network.num_addresses == 1 else str(network)


def examples() -> str:
    """Return what may be written as a source."""
    return (
        f"Write an {kind_of_address()} address {_EXAMPLE}, a network like `203.0.113.0/28`, or "
        "`droplet:ID`, `k8s:UUID`, `tag:NAME`, `app:UUID`."
    )


def check_network(network: Network, value: str, *, min_prefix: int, allow_private: bool) -> None:
    """Refuse a network that a cluster should not trust.

    Args:
        network: the addresses of what somebody asks for.
        value: how it is written.
        min_prefix: the widest network allowed, as an IPv4 prefix length in bits (32: one address);
            of IPv6, a network of as many addresses.
        allow_private: whether RFC 1918, 100.64.0.0/10 and fc00::/7 are taken.

    Raises:
        Refused: too wide a network, or an address that is not a public one.
    """
    if network.overlaps(_GUARD_NETWORK):
        raise Refused(
            f"{quoted(value)} overlaps `192.0.2.0/24`, where dbaccess keeps its guard rule. "
            "Use the address you really connect from."
        )
    refused = _NEVER if allow_private else _NEVER + _PRIVATE
    for reserved, kind in refused:
        if network.overlaps(reserved):
            raise Refused(
                f"{quoted(value)} is a {kind} address, which the database never sees as "
                f"yours. Use the public {kind_of_address()} address you connect from."
            )
    least = network.max_prefixlen - (32 - min_prefix)
    if network.prefixlen < least:
        widest = "single addresses only" if min_prefix == 32 else f"/{least} at the widest"
        raise Refused(
            f"{quoted(value)} is too wide: it holds {network.num_addresses:,} addresses, "
            f"and this cluster takes {widest}."
        )
