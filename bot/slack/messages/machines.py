"""Machines: what operators read about the issuers of their tokens."""

from bot.domain.notices import IssuerAway, IssuerBack
from bot.slack.messages.blocks import Message, message, section
from bot.slack.messages.mrkdwn import code, when
from bot.slack.messages.operators import why_it_fails


def issuer_away(notice: IssuerAway) -> Message:
    """Return that an issuer's keys cannot be read, since when and why, and what can be done."""
    why, at_length = why_it_fails(notice.error)
    return message(
        section(
            f":rotating_light: *Can't read the keys of {code(notice.issuer)}* since "
            f"{when(notice.since)}{why}. Still trying."
        ),
        at_length,
        section(
            "Its machines may get no access until then. Open access stays as it is.\n"
            "*What to do:* run `dbaccess check`. It says whether the issuer can be reached."
        ),
    )


def issuer_back(notice: IssuerBack) -> Message:
    """Return that such an alarm is over."""
    return message(
        section(
            f":white_check_mark: *The keys of {code(notice.issuer)} can be read again.* "
            f"They couldn't be since {when(notice.since)}."
        )
    )
