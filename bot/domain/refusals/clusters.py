"""What a cluster, its rules or its policy are against."""

from typing import Literal

from bot.domain.refusals.base import Refusal, RefusalWithHelp
from bot.domain.typed_text import Typed


class NoClusters(Refusal):
    """There is none that they may ask for."""

    code: Literal["no_clusters"] = "no_clusters"


class NoSuchCluster(Refusal):
    """There is none of that name among the *known*; `nearest` is almost that name."""

    code: Literal["no_such_cluster"] = "no_such_cluster"
    typed: Typed
    nearest: str | None
    known: tuple[str, ...]


class NoClusterNamed(Refusal):
    """A command that needs the name of one of the *known*."""

    code: Literal["no_cluster_named"] = "no_cluster_named"
    command: str
    known: tuple[str, ...]


class LeftPolicy(Refusal):
    """A cluster that was taken out of the policy."""

    code: Literal["left_policy"] = "left_policy"
    cluster: str


class LeftPolicyUndecided(Refusal):
    """The same, for the request *number*, which cannot be decided any more."""

    code: Literal["left_policy_undecided"] = "left_policy_undecided"
    cluster: str
    number: int


class AnotherCluster(Refusal):
    """Another cluster has that name now than the one of the grant *number*."""

    code: Literal["another_cluster"] = "another_cluster"
    cluster: str
    number: int


class OpenCluster(Refusal):
    """A cluster without rules: a first one would lock everybody else out (P2)."""

    code: Literal["open_cluster"] = "open_cluster"
    cluster: str


class FullCluster(Refusal):
    """A cluster that has no room; the last *reserved* places are for emergencies."""

    code: Literal["full_cluster"] = "full_cluster"
    cluster: str
    most: int
    reserved: int = 0


class FullForEmergency(RefusalWithHelp):
    """A cluster without room for an emergency; `could_end`: numbers, and whose they are."""

    code: Literal["full_for_emergency"] = "full_for_emergency"
    cluster: str
    count: int
    could_end: tuple[tuple[int, str], ...]


class NoSuchRule(Refusal):
    """A rule that is to be adopted, and is not there."""

    code: Literal["no_such_rule"] = "no_such_rule"
    cluster: str


class NoEmergencyPolicy(Refusal):
    """A cluster without emergency access."""

    code: Literal["no_emergency_policy"] = "no_emergency_policy"


class ReasonRequired(Refusal):
    """A cluster where one has to say why; None in a form, where its name is in sight."""

    code: Literal["reason_required"] = "reason_required"
    cluster: str | None = None


class EmergencyReasonRequired(Refusal):
    """An emergency without a reason."""

    code: Literal["emergency_reason_required"] = "emergency_reason_required"


class ReasonTooLong(Refusal):
    """A reason of more *characters* than the *most*."""

    code: Literal["reason_too_long"] = "reason_too_long"
    characters: int
    most: int


ClusterRefusal = (
    NoClusters
    | NoSuchCluster
    | NoClusterNamed
    | LeftPolicy
    | LeftPolicyUndecided
    | AnotherCluster
    | OpenCluster
    | FullCluster
    | FullForEmergency
    | NoSuchRule
    | NoEmergencyPolicy
    | ReasonRequired
    | EmergencyReasonRequired
    | ReasonTooLong
)
