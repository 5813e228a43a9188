"""Trusted sources: parse, normalise, refuse.

A trusted source is `type:value`. DigitalOcean takes five types (its API specification,
schema `firewall_rule`); which addresses make sense as a source is ours to say.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache, partial
from typing import Literal

from bot.domain.addresses import (
    Network,
    check_network,
    is_within,
    looks_like_address,
    parse_address,
    read_network,
)
from bot.domain.refusal import Refused
from bot.domain.refusals.sources import NotADropletId, NotATag, NotAUuid
from bot.domain.typed_text import unwrapped

GUARD_ADDRESS = "192.0.2.1"


class SourceType(StrEnum):
    """The types of trusted source that DigitalOcean knows."""

    IP_ADDR = "ip_addr"
    DROPLET = "droplet"
    K8S = "k8s"
    TAG = "tag"
    APP = "app"


_WITH_DROPLETS = frozenset({SourceType.DROPLET, SourceType.K8S, SourceType.TAG})


@dataclass(frozen=True, order=True)
class TrustedSource:
    """One trusted source in its one normal form, so that equal sources compare equal."""

    type: SourceType
    value: str

    def __str__(self) -> str:
        return self.value if self.type is SourceType.IP_ADDR else f"{self.type}:{self.value}"

    @property
    def network(self) -> Network | None:
        """The addresses of an `ip_addr` source; None where there are none to be told."""
        if self.type is not SourceType.IP_ADDR:
            return None
        return read_network(self.value)

    @property
    def lets_in_droplets(self) -> bool:
        """Whether it lets in Droplets by what they are, so that it names no address."""
        return self.type in _WITH_DROPLETS

    def covers(self, other: "TrustedSource") -> bool:
        """Tell whether whatever comes from *other* is let in by this source, too."""
        if self == other:
            return True
        mine, theirs = self.network, other.network
        return mine is not None and theirs is not None and is_within(theirs, mine)


GUARD = TrustedSource(SourceType.IP_ADDR, GUARD_ADDRESS)

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@dataclass(frozen=True)
class SourceKind:
    """All that is particular to one type of source; `KINDS` has one for each.

    Args:
        noun: what one is called.
        plural: what several are called, as in "Search …".
        example: how one is typed.
        normal: returns the normal form of a value; raises Refused for one that makes no sense.
    """

    noun: str
    plural: str
    example: str
    normal: Callable[[str], str]


def parse_source(text: str) -> TrustedSource:
    """Return the trusted source that *text* names, in its normal form.

    Whether a cluster takes such a source is asked later, by `check_address`.

    Raises:
        Refused: the text names no source that DigitalOcean would take.
    """
    typed = unwrapped(text)
    prefix, colon, value = typed.partition(":")
    if colon and prefix.lower() in set(SourceType):
        return _of_kind(SourceType(prefix.lower()), value.strip())
    return _of_kind(SourceType.IP_ADDR, typed)


def looks_like_source(word: str) -> bool:
    """Tell whether somebody who typed *word* meant to name a source, rightly or not."""
    prefix, colon, _ = word.partition(":")
    return bool(colon and prefix.lower() in set(SourceType)) or looks_like_address(word)


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
    if network is not None:
        check_network(network, source.value, min_prefix=min_prefix, allow_private=allow_private)


@lru_cache(maxsize=4096)  # the same rules are read again and again
def normal_source(type_: str, value: str) -> TrustedSource | None:
    """Return the source of a rule as the API holds it, or None for a type nobody knows yet.

    A value that is odd but was accepted by the API stays as it is.
    """
    if type_ not in set(SourceType):
        return None
    kind = SourceType(type_)
    try:
        return _of_kind(kind, value)
    except Refused:
        return TrustedSource(kind, value)


def _of_kind(kind: SourceType, value: str) -> TrustedSource:
    return TrustedSource(kind, KINDS[kind].normal(value))


def _droplet_id(value: str) -> str:
    if not re.fullmatch(r"[1-9][0-9]{0,18}", value):
        raise Refused(NotADropletId(typed=value))
    return value


def _tag_name(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_:\-]{1,255}", value):
        raise Refused(NotATag(typed=value))
    return value


def _uuid(value: str, type_: Literal["k8s", "app"]) -> str:
    if not _UUID.fullmatch(value):
        raise Refused(NotAUuid(typed=value, type=type_))
    return value.lower()


KINDS = {
    SourceType.IP_ADDR: SourceKind("Address or network", "addresses", "203.0.113.4", parse_address),
    SourceType.DROPLET: SourceKind("Droplet", "Droplets", "droplet:ID", _droplet_id),
    SourceType.K8S: SourceKind(
        "Kubernetes cluster", "Kubernetes clusters", "k8s:UUID", partial(_uuid, type_="k8s")
    ),
    SourceType.TAG: SourceKind("Tag", "tags", "tag:NAME", _tag_name),
    SourceType.APP: SourceKind("App", "apps", "app:UUID", partial(_uuid, type_="app")),
}
