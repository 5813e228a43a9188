"""myip: the link that reads somebody's address, and the address that it read."""

from typing import Any

from bot.domain.addresses import kind_of_address
from bot.domain.notices import AddressSeen
from bot.slack.messages import buttons
from bot.slack.messages.blocks import Message, context, message, section
from bot.slack.messages.inputs import reading_form
from bot.slack.messages.mrkdwn import code, escape

_BY_HAND = "`/dbaccess request 203.0.113.4 2h`"


def myip_link(url: str) -> Message:
    """Return the answer to `myip`: a link, as a button and as text to be copied."""
    return message(
        section(
            ":round_pushpin: *Find your address.* Open this page where your database client runs."
        ),
        buttons.open_link(url),
        context(f"<{escape(url)}>\nWorks once, expires in 10 minutes. Don't share it."),
    )


def myip_form(page: Message) -> dict[str, Any]:
    """Return the form that shows the same where there is no place for an answer."""
    return reading_form("My IP", page.blocks)


def myip_not_set_up() -> Message:
    """Return the answer to `myip` where browsers do not reach this installation."""
    return message(
        section(
            f"`/dbaccess myip` isn't set up here. Find your public {kind_of_address()} address, "
            f"then try {_BY_HAND}."
        )
    )


def address_seen(notice: AddressSeen) -> Message:
    """Return the address that a link read, with the button that opens the form."""
    address = str(notice.source)
    return message(
        section(f":round_pushpin: *Your browser comes from {code(address)}.*"),
        buttons.ask_from(address, notice.form),
        context("Is your database client elsewhere? Use its address."),
    )
