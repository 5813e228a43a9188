"""Why a trusted source is refused, in words."""

from typing import assert_never

from bot.domain.addresses import kind_of_address
from bot.domain.refusals.sources import (
    AddressRange,
    ExpiresAlready,
    HostBitsSet,
    Ipv6NotTaken,
    IsGuardRule,
    LeadingZeros,
    NotADropletId,
    NotAnAddress,
    NotASource,
    NotATag,
    NotAUuid,
    NotPublic,
    OverlapsGuard,
    SourceRefusal,
    TooWide,
    TypeNotTaken,
    WholeInternet,
)
from bot.domain.sources import KINDS
from bot.slack.messages.quoting import Quoting

_UUID = "ff2a6c52-5a44-4b63-b99c-0e98e7a63d61"
_THINGS = {"k8s": "a Kubernetes cluster", "app": "an app"}


def of_source(refusal: SourceRefusal, code: Quoting) -> str:  # noqa: C901  # a case for each
    """Return why a trusted source is refused."""
    match refusal:
        case NotASource(typed=typed):
            return f"{code(typed)} is not a trusted source. {_examples(code)}"
        case Ipv6NotTaken(typed=typed):
            return (
                f"{code(typed)} is an IPv6 address, and DigitalOcean takes only IPv4 addresses as "
                "trusted sources. Use the IPv4 address you connect from, "
                f"like {code('203.0.113.4')}."
            )
        case LeadingZeros(typed=typed):
            return (
                f"{code(typed)} has leading zeros, which some programs read as octal. Write the "
                f"numbers plainly, like {code('203.0.113.4')}."
            )
        case NotAnAddress(typed=typed):
            kind = kind_of_address()
            return f"{code(typed)} is not an {kind} address or network. {_examples(code)}"
        case WholeInternet(typed=typed):
            return (
                f"{code(typed)} is the whole internet. Ask for the one address you connect from, "
                f"like {code('203.0.113.4')}."
            )
        case HostBitsSet(typed=typed, network=network, address=address):
            return (
                f"{code(typed)} has bits set to the right of its prefix. The network is "
                f"{code(network)}; for one address write {code(address)}."
            )
        case OverlapsGuard(typed=typed):
            return (
                f"{code(typed)} overlaps {code('192.0.2.0/24')}, where dbaccess keeps its guard "
                "rule. Use the address you really connect from."
            )
        case NotPublic(typed=typed, range=AddressRange.SHARED):
            return _not_public(f"{code(typed)} is a shared (carrier-grade NAT) address")
        case NotPublic(typed=typed, range=other):
            return _not_public(f"{code(typed)} is a {other} address")
        case TooWide(typed=typed, addresses=addresses, widest=widest):
            taken = "single addresses only" if widest is None else f"/{widest} at the widest"
            return (
                f"{code(typed)} is too wide: it holds {addresses:,} addresses, and this cluster "
                f"takes {taken}."
            )
        case NotADropletId(typed=typed):
            return (
                f"{code(typed)} is not a Droplet ID. It is a number, like "
                f"{code('droplet:163973392')}."
            )
        case NotATag(typed=typed):
            return (
                f"{code(typed)} is not a tag. A tag has letters, digits, colons, dashes and "
                f"underscores, like {code('tag:backend')}."
            )
        case NotAUuid(typed=typed, type=type_):
            return (
                f"{code(typed)} is not the UUID of {_THINGS[type_]}. It looks like "
                f"{code(f'{type_}:{_UUID}')}."
            )
        case TypeNotTaken(type=type_, taken=types):
            only = ", ".join(code(kind) for kind in types)
            return f"This cluster takes no trusted sources of type {code(type_)}, only {only}."
        case IsGuardRule(source=source):
            return (
                f"{code(source)} is the guard rule, which keeps the cluster closed. It goes by "
                "itself once other rules do that."
            )
        case ExpiresAlready(source=source, number=number):
            more = code(f"/dbaccess extend {number} 1d")
            return f"{code(source)} expires already: #{number}. {more} gives it more time."
    assert_never(refusal)


def _examples(code: Quoting) -> str:
    address, *others = (code(kind.example) for kind in KINDS.values())
    return (
        f"Write an {kind_of_address()} address like {address}, a network like "
        f"{code('203.0.113.0/28')}, or {', '.join(others)}."
    )


def _not_public(what_it_is: str) -> str:
    return (
        f"{what_it_is}, which the database never sees as yours. Use the public "
        f"{kind_of_address()} address you connect from."
    )
