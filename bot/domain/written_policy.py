"""Written policy: what may be granted without asking anybody first."""

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import Field, PlainSerializer, PlainValidator, WithJsonSchema

from bot.domain.addresses import (
    NETWORK_FORMAT,
    Network,
    is_taken,
    is_within,
    kind_of_address,
    read_network,
)
from bot.domain.people import Person, is_member, is_named
from bot.domain.policy_types import Duration, PolicyModel
from bot.domain.principals import Requester
from bot.domain.sources import TrustedSource


def _read(value: Any) -> Network:
    network = read_network(value, strict=True) if isinstance(value, str) else value
    if not isinstance(network, Network) or not is_taken(network):
        raise ValueError(f"Input is not a valid {kind_of_address()} network")
    return network


_Network = Annotated[
    Network,
    PlainValidator(_read),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "format": NETWORK_FORMAT}),
]


class AutoApproval(PolicyModel):
    """A written approval: who, from where and for how long needs no approver."""

    requesters: tuple[Requester, ...] = Field(min_length=1)
    """Whose requests: IDs of users and user groups, or "*" for everybody."""

    sources: tuple[_Network, ...] = Field(min_length=1)
    """The addresses and networks that a request may be for."""

    max_duration: Duration
    """The longest that is approved this way."""

    def covers(self, person: Person, source: TrustedSource, duration: timedelta) -> bool:
        """Tell whether this approval takes the place of an approver's.

        Raises:
            NeedsDirectory: that depends on who they are, and all else is covered.
        """
        return self.exceeded_key(person, source, duration) is None

    def exceeded_key(
        self, person: Person, source: TrustedSource, duration: timedelta
    ) -> Literal["max_duration", "sources", "requesters"] | None:
        """Return the first of its keys that does not cover a request; None if it is covered.

        Raises:
            NeedsDirectory: that depends on who they are, and all else is covered.
        """
        network = source.network
        if duration > self.max_duration:
            return "max_duration"
        if network is None or not any(is_within(network, allowed) for allowed in self.sources):
            return "sources"
        if not (is_member(person) and is_named(person, self.requesters)):
            return "requesters"
        return None


class Emergency(PolicyModel):
    """Break glass: who may be granted access at once, to be reviewed afterwards.

    Until somebody has reviewed it, the approvers are reminded every `remind_every`.
    """

    requesters: tuple[Requester, ...] = Field(min_length=1)
    """Who may: IDs of users and user groups, or "*" for everybody."""

    max_duration: Duration
    """The longest that emergency access may be for."""

    remind_every: Duration = timedelta(hours=4)
    """How often the approvers are reminded until one of them has reviewed it."""
