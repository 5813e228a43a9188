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

_NUMBERED = {"revoke": "access", "cancel": "request"}


def of_command(refusal: CommandRefusal, code: Quoting) -> str:
    """Return what is wrong with a command as it was typed."""
    match refusal:
        case UnknownCommand(typed=typed, nearest=None):
            return f"{code(typed)} isn't a command. Try {code('/dbaccess help')}."
        case UnknownCommand(typed=typed, nearest=nearest):
            return f"{code(typed)} isn't a command. Did you mean {code(f'/dbaccess {nearest}')}?"
        case AdoptIncomplete():
            example = code("/dbaccess adopt orders 203.0.113.4 1w")
            return f"Add the cluster, source and duration: {example}."
        case ExtendIncomplete():
            return f"Add the number and how much longer: {code('/dbaccess extend 17 1h')}."
        case ListMisread():
            everyone = code("/dbaccess list all")
            return f"Use {code('/dbaccess list')} for yours, or {everyone} if you are an approver."
        case NumberMissing(command=command):
            example = code(f"/dbaccess {command} 17")
            return f"Add the {_NUMBERED[command]} number: {example}. {_list(code)}"
        case NotANumber(typed=typed):
            return f"{code(typed)} isn't a number like {code('17')}. {_list(code)}"
    assert_never(refusal)


def _list(code: Quoting) -> str:
    return f"{code('/dbaccess list')} shows yours."
