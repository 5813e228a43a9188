"""What is wrong with a command as it was typed, in words."""

from typing import assert_never

from bot.domain.refusals.commands import (
    AdoptIncomplete,
    CommandRefusal,
    ExtendIncomplete,
    ListMisread,
    NotANumber,
    NumberMissing,
    UnknownCommand,
)
from bot.slack.messages.quoting import Quoting

_NUMBERED = {"revoke": "grant", "cancel": "request"}


def of_command(refusal: CommandRefusal, code: Quoting) -> str:
    """Return what is wrong with a command as it was typed."""
    match refusal:
        case UnknownCommand(typed=typed, nearest=None):
            return f"{code(typed)} is not something I know. Try {code('/dbaccess help')}."
        case UnknownCommand(typed=typed, nearest=nearest):
            meant = code(f"/dbaccess {nearest}")
            return f"{code(typed)} is not something I know. Did you mean {meant}?"
        case AdoptIncomplete():
            return (
                "Say on which cluster, which source and for how long it may stay: "
                f"{code('/dbaccess adopt orders 203.0.113.4 1w')}. {code('/dbaccess sources')} "
                "shows what is there."
            )
        case ExtendIncomplete():
            return f"Say which access and how much longer: {code('/dbaccess extend 17 1h')}."
        case ListMisread():
            return (
                f"It is {code('/dbaccess list')} for yours, or {code('/dbaccess list all')} for "
                "approvers."
            )
        case NumberMissing(command=command):
            return (
                f"Say which {_NUMBERED[command]}: {code(f'/dbaccess {command} 17')}. "
                f"{code('/dbaccess list')} shows the numbers."
            )
        case NotANumber(typed=typed):
            return (
                f"{code(typed)} is not a number like {code('17')}. {code('/dbaccess list')} shows "
                "them."
            )
    assert_never(refusal)
