"""myip: the link that reads somebody's address, and the address that it read."""

from bot.domain.addresses import kind_of_address
from bot.domain.notices import AddressSeen
from bot.slack.messages import buttons
from bot.slack.messages.blocks import Message, context, message, section
from bot.slack.messages.mrkdwn import code, escape

_BY_HAND = "`/dbaccess request 203.0.113.4 2h`"


def myip_link(url: str) -> Message:
    """Return the answer to `myip`: a link, as a button and as text to be copied."""
    return message(
        section(
            ":round_pushpin: *Which address do you come from?* Open this page on the machine that "
            "you connect to the database from. It shows the address that it sees, and brings it "
            "back to you here."
        ),
        buttons.open_link(url),
        context(
            f"Or copy the link: <{escape(url)}>\nIt serves once, and for ten minutes. Keep it to "
            "yourself."
        ),
    )


def myip_not_set_up() -> Message:
    """Return the answer to `myip` where browsers do not reach this installation."""
    return message(
        section(
            "`/dbaccess myip` is not set up here, since browsers have no way to this dbaccess. "
            f"Find the public {kind_of_address()} address that you come from yourself, then write "
            f"{_BY_HAND}, with your address."
        )
    )


def address_seen(notice: AddressSeen) -> Message:
    """Return the address that a link read, with the button that opens the form."""
    address = str(notice.source)
    return message(
        section(f":round_pushpin: I see {code(address)}: that is where your browser came from."),
        buttons.ask_from(address, notice.form),
        context(
            "Does your database client run elsewhere? Then ask from that address instead: "
            f"{_BY_HAND}."
        ),
    )
