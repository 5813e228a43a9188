"""Replies: short answers to one person, where they acted."""

from bot.domain.refusals.any_refusal import AnyRefusal
from bot.domain.refusals.base import RefusalWithHelp
from bot.domain.refusals.clusters import FullForEmergency
from bot.domain.refusals.requests import NotOnCard
from bot.slack.messages.blocks import Message, message, section
from bot.slack.messages.mrkdwn import code, escape, everyone, one_line, who
from bot.slack.messages.next_steps import next_step
from bot.slack.messages.refusals import sentence

_SENTENCE_CHARACTERS = 1_500


def refusal(refused: AnyRefusal) -> Message:
    """Return why something is refused, where to go, and who could help."""
    button = next_step(refused)
    said = escape(one_line(sentence(refused, way=button is None), _SENTENCE_CHARACTERS))
    return message(section(f"{said}{_more(refused)}{_who_could_help(refused)}"), button)


def _more(refused: AnyRefusal) -> str:
    match refused:
        case NotOnCard(channel=channel) if channel.startswith(("C", "G")):
            return f" It is in <#{channel}>."
        case FullForEmergency(could_end=could_end) if could_end:
            named = ", ".join(f"access #{number} of {who(holder)}" for number, holder in could_end)
            return f"\nEnding one makes room: {named}."
        case _:
            return ""


def _who_could_help(refused: AnyRefusal) -> str:
    if isinstance(refused, RefusalWithHelp) and refused.ask:
        return f"\nApprovers: {everyone(refused.ask)}."
    return ""


def request_form_not_opened() -> Message:
    """Return what to do where the form that asks for access did not open."""
    return _not_opened("Try `/dbaccess request 203.0.113.4 2h orders`.")


def emergency_form_not_opened() -> Message:
    """Return what to do where the form that confirms an emergency did not open."""
    return _not_opened("Try `/dbaccess emergency` again.")


def extension_form_not_opened(grant_id: int) -> Message:
    """Return what to do where the form that asks for more time did not open."""
    return _not_opened(f"Try `/dbaccess extend {grant_id} 1h why`.")


def denial_form_not_opened() -> Message:
    """Return what to do where the form that asks why not did not open."""
    return _not_opened("Nothing was changed. Press Deny again.")


def approval_form_not_opened() -> Message:
    """Return what to do where the form for an approval with a message did not open."""
    return _not_opened("Nothing was changed. Press Approve, or try again.")


def _not_opened(otherwise: str) -> Message:
    return message(section(f"Slack did not open the form. {otherwise}"))


def apology(reference: str) -> Message:
    """Return the answer when something broke; the log has the same *reference*."""
    return message(
        section(
            "*Something went wrong on my side.* Probably nothing was changed. "
            f"Try again, or report {code(reference)}."
        )
    )


def command_waits(seconds: int) -> Message:
    """Return that Slack asks to wait, and that nobody has to do anything."""
    return message(
        section(f":hourglass: Slack asks me to wait {seconds} seconds. Then I continue.")
    )
