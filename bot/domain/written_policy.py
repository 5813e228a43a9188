"""Written policy: what may be granted without asking anybody first."""

from datetime import timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import (
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    WithJsonSchema,
    model_validator,
)

from bot.domain.addresses import (
    NETWORK_FORMAT,
    Network,
    is_taken,
    is_within,
    kind_of_address,
    read_network,
)
from bot.domain.machines import WrittenPattern
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


_Key = Literal["max_duration", "sources", "requesters", "machines"]


class AutoApproval(PolicyModel):
    """A written approval: who, from where and for how long needs no approver.

    It is for people, for machines, or for both. Each is named by a list of its own, so that
    nobody is meant by accident.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [{"required": ["requesters", "sources"]}, {"required": ["machines"]}],
            "dependentRequired": {"requesters": ["sources"]},
        }
    )

    requesters: tuple[Requester, ...] = Field(default=(), min_length=1)
    """Whose requests: IDs of users and user groups, or "*" for everybody in Slack."""

    machines: tuple[WrittenPattern, ...] = Field(default=(), min_length=1)
    """Which machines': a key of `[machines]`, a colon, the token's `sub`; `*` within a part."""

    sources: tuple[_Network, ...] = Field(default=(), min_length=1)
    """The addresses and networks; for machines alone, unset: whatever the cluster takes."""

    max_duration: Duration
    """The longest that is approved this way."""

    @model_validator(mode="after")
    def _names_somebody(self) -> Self:
        if not self.requesters and not self.machines:
            raise ValueError("names neither requesters nor machines")
        if self.requesters and not self.sources:
            raise ValueError("sources is missing: requesters need it, only machines do not")
        return self

    def covers(self, who: Person | str, source: TrustedSource, duration: timedelta) -> bool:
        """Tell whether this approval takes the place of an approver's.

        *who* is a person, or the principal of a machine.

        Raises:
            NeedsDirectory: that depends on who they are, and all else is covered.
        """
        return self.exceeded_key(who, source, duration) is None

    def exceeded_key(
        self, who: Person | str, source: TrustedSource, duration: timedelta
    ) -> _Key | None:
        """Return the first of its keys that does not cover a request; None if it is covered.

        *who* is a person, or the principal of a machine.

        Raises:
            NeedsDirectory: that depends on who they are, and all else is covered.
        """
        if not (self.requesters if isinstance(who, Person) else self.machines):
            return "requesters" if isinstance(who, Person) else "machines"
        if duration > self.max_duration:
            return "max_duration"
        if not self._covers_source(source):
            return "sources"
        if not isinstance(who, Person):
            return None if self.names_machine(who) else "machines"
        if not (is_member(who) and is_named(who, self.requesters)):
            return "requesters"
        return None

    def names_machine(self, principal: str) -> bool:
        """Tell whether it is about the machine of that principal."""
        return any(pattern.matches(principal) for pattern in self.machines)

    def _covers_source(self, source: TrustedSource) -> bool:
        network = source.network
        if network is None:
            return False
        return not self.sources or any(is_within(network, allowed) for allowed in self.sources)


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
