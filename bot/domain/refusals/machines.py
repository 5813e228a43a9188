"""What is refused to machines, which nobody approves but a written policy."""

from datetime import datetime, timedelta
from typing import Literal

from bot.domain.refusals.base import Refusal
from bot.domain.typed_text import Typed


class NoMachinePolicy(Refusal):
    """No written policy of that cluster names the machine, or there is no such cluster."""

    code: Literal["no_machine_policy"] = "no_machine_policy"
    cluster: Typed
    machine: str


class SourceNotCovered(Refusal):
    """A source that no written policy for the machine covers."""

    code: Literal["source_not_covered"] = "source_not_covered"
    source: Typed


class DurationNotCovered(Refusal):
    """A duration that is longer than its written policy gives, which is *longest*."""

    code: Literal["duration_not_covered"] = "duration_not_covered"
    asked: timedelta
    longest: timedelta


class AccessRevoked(Refusal):
    """Somebody ended the machine's access *number*; it may ask again at that time."""

    code: Literal["access_revoked"] = "access_revoked"
    cluster: str
    number: int
    again_at: datetime


class CallerUnknown(Refusal):
    """The address that a request came from is not known, as the proxies in front do not say it."""

    code: Literal["caller_unknown"] = "caller_unknown"


class NotThisMachines(Refusal):
    """There is no access of that number that is the machine's own."""

    code: Literal["not_this_machines"] = "not_this_machines"
    number: int


class MachinesAskAgain(Refusal):
    """A machine's access is not extended by people."""

    code: Literal["machines_ask_again"] = "machines_ask_again"
    number: int


MachineRefusal = (
    NoMachinePolicy
    | SourceNotCovered
    | DurationNotCovered
    | AccessRevoked
    | CallerUnknown
    | NotThisMachines
    | MachinesAskAgain
)
