"""Why a trusted source is refused, in words."""

from typing import assert_never

from bot.domain.addresses import kind_of_address
from bot.domain.refusals.sources import (
    AddressRange,
    ExpiresAlready,
    HasPort,
    HostBitsSet,
    Ipv6NotTaken,
    IsGuardRule,
    IsHostName,
    IsUrl,
    LeadingZeros,
    NotADropletId,
    NotAnAddress,
    NotASource,
    NotATag,
    NotAUuid,
    NotPublic,
    OverlapsGuard,
    SeveralAddresses,
    SourceRefusal,
    TooWide,
    TypeNotTaken,
    WholeInternet,
)
from bot.domain.sources import KINDS, SourceType
from bot.slack.messages.quoting import Quoting

_UUID = "ff2a6c52-5a44-4b63-b99c-0e98e7a63d61"


def of_source(refusal: SourceRefusal, code: Quoting) -> str:  # noqa: C901  # a case for each
    """Return why a trusted source is refused."""
    match refusal:
        case NotASource(typed=typed):
            return f"{code(typed)} isn't an IP address. Try 203.0.113.4."
        case HasPort(address=address):
            return f"Leave out the port: {code(address)}."
        case IsUrl(address=address):
            instead = f"Write {code(address)}" if address else f"Try {code('203.0.113.4')}"
            return f"A URL isn't an IP address. {instead}."
        case IsHostName(typed=typed):
            return f"{code(typed)} is a host name. Write an IP address, like 203.0.113.4."
        case SeveralAddresses(address=address):
            return f"One address at a time, like {code(address)}, or a network: 203.0.113.0/28."
        case Ipv6NotTaken(typed=typed):
            return (
                f"{code(typed)} is an IPv6 address. DigitalOcean takes only IPv4, like "
                f"{code('203.0.113.4')}."
            )
        case LeadingZeros(typed=typed):
            return (
                f"{code(typed)} has leading zeros. Write it without them, like "
                f"{code('203.0.113.4')}."
            )
        case NotAnAddress(typed=typed):
            return (
                f"{code(typed)} isn't an {kind_of_address()} address. Try 203.0.113.4, or "
                "203.0.113.0/28 for a network."
            )
        case WholeInternet(typed=typed):
            return f"{code(typed)} is the whole internet. Use the one address you connect from."
        case HostBitsSet(typed=typed, network=network, address=address):
            return f"{code(typed)} isn't a network. Use {code(network)}, or {code(address)} alone."
        case OverlapsGuard(typed=typed):
            return (
                f"{code(typed)} overlaps {code('192.0.2.0/24')}, which is reserved. "
                "Use your address."
            )
        case NotPublic(typed=typed, range=AddressRange.SHARED):
            return (
                f"{code(typed)} is a shared address (carrier-grade NAT). "
                f"Use your public {kind_of_address()} address."
            )
        case NotPublic(typed=typed, range=other):
            return _not_public(f"{code(typed)} is a {other} address")
        case TooWide(typed=typed, addresses=addresses, widest=widest):
            taken = "single addresses only" if widest is None else f"at most /{widest}"
            return (
                f"{code(typed)} is too wide: {addresses:,} addresses. This cluster takes {taken}."
            )
        case NotADropletId(typed=typed):
            return (
                f"{code(typed)} isn't a Droplet ID. Use a number, like {code('droplet:163973392')}."
            )
        case NotATag(typed=typed):
            return (
                f"{code(typed)} isn't a tag. Use letters, digits and {code(':-_')}, like "
                f"{code('tag:backend')}."
            )
        case NotAUuid(typed=typed, type=type_):
            return f"{code(typed)} isn't a UUID, like {code(f'{type_}:{_UUID}')}."
        case TypeNotTaken(type=type_, taken=types):
            examples = ", ".join(code(KINDS[SourceType(kind)].example) for kind in types)
            return f"This cluster doesn't take {code(type_)}. Use {examples}."
        case IsGuardRule(source=source):
            return f"{code(source)} is the guard rule, which keeps the cluster closed. Leave it."
        case ExpiresAlready(source=source, number=number):
            more = code(f"/dbaccess extend {number} 1d")
            return f"{code(source)} already expires: #{number}. More time: {more}."
    assert_never(refusal)


def _not_public(what_it_is: str) -> str:
    return f"{what_it_is}. Use the public {kind_of_address()} address you connect from."
