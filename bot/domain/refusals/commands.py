"""Commands that make no sense as they are typed."""

from typing import Literal

from bot.domain.refusals.base import Refusal
from bot.domain.typed_text import Typed


class UnknownCommand(Refusal):
    """No such subcommand; `nearest` is almost that one."""

    code: Literal["unknown_command"] = "unknown_command"
    typed: Typed
    nearest: str | None


class AdoptIncomplete(Refusal):
    """`adopt` without all that it needs."""

    code: Literal["adopt_incomplete"] = "adopt_incomplete"


class ExtendIncomplete(Refusal):
    """`extend` without a number."""

    code: Literal["extend_incomplete"] = "extend_incomplete"


class ListMisread(Refusal):
    """`list` with something other than `all`."""

    code: Literal["list_misread"] = "list_misread"


class NumberMissing(Refusal):
    """`revoke` or `cancel` without one number."""

    code: Literal["number_missing"] = "number_missing"
    command: Literal["revoke", "cancel"]


class NotANumber(Refusal):
    """Not the number of a request or grant."""

    code: Literal["not_a_number"] = "not_a_number"
    typed: Typed


CommandRefusal = (
    UnknownCommand | AdoptIncomplete | ExtendIncomplete | ListMisread | NumberMissing | NotANumber
)
