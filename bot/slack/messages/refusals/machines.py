"""What is refused to machines, in words."""

from datetime import UTC
from typing import assert_never

from bot.domain.durations import show_duration as shown
from bot.domain.refusals.machines import (
    AccessRevoked,
    CallerUnknown,
    DurationNotCovered,
    MachineRefusal,
    MachinesAskAgain,
    NoMachinePolicy,
    NotThisMachines,
    SourceNotCovered,
)
from bot.slack.messages.quoting import Quoting


def of_machine(refusal: MachineRefusal, code: Quoting) -> str:
    """Return why something is refused to a machine."""
    match refusal:
        case NoMachinePolicy(cluster=alias, machine=machine):
            return f"No written policy gives {machine} access to {code(alias)}."
        case SourceNotCovered(source=source):
            return f"The written policy for this machine does not cover {code(source)}."
        case DurationNotCovered(asked=asked, longest=longest):
            return (
                f"{code(shown(asked))} is too long. The written policy for this machine allows at "
                f"most {code(shown(longest))}."
            )
        case AccessRevoked(cluster=alias, number=number, again_at=at):
            again = f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
            return f"Someone ended its access #{number} to {code(alias)}. Ask again at {again}."
        case CallerUnknown():
            return "Your address isn't known here. Write it, like 203.0.113.4."
        case NotThisMachines(number=number):
            return f"This machine has no access #{number}."
        case MachinesAskAgain(number=number):
            return f"Access #{number} is a machine's, so it can't be extended. It can ask again."
    assert_never(refusal)
