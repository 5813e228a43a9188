"""Trusted sources that are refused."""

from enum import StrEnum
from typing import Literal

from bot.domain.refusals.base import Refusal
from bot.domain.typed_text import Typed


class AddressRange(StrEnum):
    """Addresses that no database sees as somebody's own."""

    PRIVATE = "private"
    SHARED = "shared"
    RESERVED = "reserved"
    LOOPBACK = "loopback"
    LINK_LOCAL = "link-local"
    MULTICAST = "multicast"


class NoAddress(Refusal):
    """No public address was typed; `can_find`: a page can read it, where it is typed."""

    can_find: bool = False


class NotASource(NoAddress):
    """What was typed is no trusted source."""

    code: Literal["not_a_source"] = "not_a_source"
    typed: Typed


class HasPort(Refusal):
    """An address with a port behind it."""

    code: Literal["has_port"] = "has_port"
    address: Typed


class IsUrl(Refusal):
    """A URL, which may hold a password and is not repeated; `address` is the host, if it is one."""

    code: Literal["is_url"] = "is_url"
    address: str | None


class IsHostName(NoAddress):
    """A name where an address belongs."""

    code: Literal["is_host_name"] = "is_host_name"
    typed: Typed


class SeveralAddresses(Refusal):
    """More than one address, or a range without a prefix; `address` is the first."""

    code: Literal["several_addresses"] = "several_addresses"
    address: Typed


class Ipv6NotTaken(NoAddress):
    """An IPv6 address, while DigitalOcean takes IPv4 alone."""

    code: Literal["ipv6_not_taken"] = "ipv6_not_taken"
    typed: Typed


class LeadingZeros(Refusal):
    """An address whose numbers some programs would read as octal."""

    code: Literal["leading_zeros"] = "leading_zeros"
    typed: Typed


class NotAnAddress(NoAddress):
    """What looks like an address, and is none."""

    code: Literal["not_an_address"] = "not_an_address"
    typed: Typed


class WholeInternet(Refusal):
    """All addresses there are."""

    code: Literal["whole_internet"] = "whole_internet"
    typed: Typed


class HostBitsSet(Refusal):
    """A network written by an address in it."""

    code: Literal["host_bits_set"] = "host_bits_set"
    typed: Typed
    network: str
    address: Typed


class OverlapsGuard(Refusal):
    """Addresses where the guard rule lives."""

    code: Literal["overlaps_guard"] = "overlaps_guard"
    typed: Typed


class NotPublic(NoAddress):
    """An address that is not a public one."""

    code: Literal["not_public"] = "not_public"
    typed: Typed
    range: AddressRange


class TooWide(Refusal):
    """Too many addresses; `widest` is the shortest prefix taken, None: single ones only."""

    code: Literal["too_wide"] = "too_wide"
    typed: Typed
    addresses: int
    widest: int | None


class NotADropletId(Refusal):
    """No Droplet has such an ID."""

    code: Literal["not_a_droplet_id"] = "not_a_droplet_id"
    typed: Typed


class NotATag(Refusal):
    """No tag is written like that."""

    code: Literal["not_a_tag"] = "not_a_tag"
    typed: Typed


class NotAUuid(Refusal):
    """Not the UUID of a thing of that source type."""

    code: Literal["not_a_uuid"] = "not_a_uuid"
    typed: Typed
    type: Literal["k8s", "app"]


class TypeNotTaken(Refusal):
    """A type of source that the cluster does not take."""

    code: Literal["type_not_taken"] = "type_not_taken"
    type: str
    taken: tuple[str, ...]


class IsGuardRule(Refusal):
    """The guard rule, which goes by itself."""

    code: Literal["is_guard_rule"] = "is_guard_rule"
    source: Typed


class ExpiresAlready(Refusal):
    """A rule that the grant *number* looks after."""

    code: Literal["expires_already"] = "expires_already"
    source: Typed
    number: int


SourceRefusal = (
    NotASource
    | HasPort
    | IsUrl
    | IsHostName
    | SeveralAddresses
    | Ipv6NotTaken
    | LeadingZeros
    | NotAnAddress
    | WholeInternet
    | HostBitsSet
    | OverlapsGuard
    | NotPublic
    | TooWide
    | NotADropletId
    | NotATag
    | NotAUuid
    | TypeNotTaken
    | IsGuardRule
    | ExpiresAlready
)
