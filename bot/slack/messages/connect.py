"""Connect: how one reaches a cluster and makes sure that it is the real one."""

from collections.abc import Iterator, Sequence
from typing import Any

from bot.domain.connecting import PLACEHOLDER_USER, Connection, Note, Way, saving, ways
from bot.domain.lifecycle import Grant
from bot.slack.limits import TEXT_CHARACTERS
from bot.slack.messages.blocks import FALLBACK_CHARACTERS, Block, Message, context, message, section
from bot.slack.messages.facts import source, until
from bot.slack.messages.inputs import reading_form
from bot.slack.messages.mrkdwn import code, cut, escape, inert, one_line

_VERSION_CHARACTERS = 40
_MOST_SOURCES = 3
ENGINES = {
    "pg": "PostgreSQL",
    "advanced_pg": "PostgreSQL",
    "mysql": "MySQL",
    "advanced_mysql": "MySQL",
    "redis": "Redis",
    "valkey": "Valkey",
    "mongodb": "MongoDB",
    "kafka": "Kafka",
    "opensearch": "OpenSearch",
}
_NOTES = {
    Note.ASKS: "asks for your password",
    Note.ASKS_CHECKS_NO_NAME: "asks for your password, does not check the host name",
    Note.ASKS_SILENTLY: "type your password after the first line, it is not shown",
    Note.FOR_TOOLS: "for tools that take one",
    Note.IN_PYTHON: "Python, asks for your password",
    Note.IN_PYTHON_CHECKS_NAME: "Python, asks for your password, checks the host name",
}


def connect_page(
    alias: str,
    connection: Connection,
    certificate: str,
    own: Sequence[Grant] = (),
    *,
    titled: bool = True,
) -> Message:
    """Return how to connect to a cluster; its text leaves out the certificate.

    Args:
        alias: what the cluster is called here.
        connection: where to.
        certificate: the CA certificate as PEM text; an empty text where none was read, and
            anything for a cluster that does not need it.
        own: the access to it that they have open.
        titled: with the cluster's name, where no title says it.
    """
    ca_file = f"{alias}-ca.crt"
    usual, *others = [
        list(_way(way, is_first=number == 0))
        for number, way in enumerate(ways(connection, ca_file))
    ] or [[]]
    engine = _engine(connection)
    title = f"*Connect to {code(alias)}* · {engine}" if titled else f"*{engine}*"
    parts = [
        message(section(title, _facts(connection))),
        *usual,
        *_certificate(connection, ca_file, certificate),
        *(part for way in others for part in way),
        message(context(_from_where(own))),
    ]
    said = "\n".join(part.text for part in parts if part.text)
    shown = [block for part in parts for block in part.blocks]
    return Message(text=cut(said, FALLBACK_CHARACTERS), blocks=shown)


def connect_form(alias: str, page: Message) -> dict[str, Any]:
    """Return the form that shows how to connect, or why that cannot be shown."""
    return reading_form(f"Connect to {alias}", page.blocks)


def connect_loading() -> Message:
    """Return what the form shows until DigitalOcean has answered."""
    return message(section(":hourglass_flowing_sand: Asking DigitalOcean…"))


def connect_form_not_opened(alias: str) -> Message:
    """Return what to do where the form did not open."""
    return message(
        section(f"Slack did not open the form. Try {code(f'/dbaccess connect {alias}')}.")
    )


def _from_where(own: Sequence[Grant]) -> str:
    """Return from which addresses they can connect now; every other is shut out."""
    if not own:
        return "You can connect only from an address that has open access."
    shown = [f"{source(one)} until {until(one)}" for one in own[:_MOST_SOURCES]]
    more = f", and {len(own) - _MOST_SOURCES} more" if len(own) > _MOST_SOURCES else ""
    return f"You can connect from {', '.join(shown)}{more}."


def _engine(connection: Connection) -> str:
    engine = ENGINES.get(connection.engine) or code(connection.engine)
    version = escape(one_line(connection.version, _VERSION_CHARACTERS))
    return f"{engine} {version}".rstrip()


def _facts(connection: Connection) -> list[str]:
    facts = {
        "Host": code(connection.host),
        "Port": code(str(connection.port)),
        "Database": code(connection.database) if connection.database else "",
        "User and password": "your own. None yet? Ask an approver.",
        "Host inside the VPC": code(connection.private_host) if connection.private_host else "",
    }
    return [f"*{name}*\n{fact}" for name, fact in facts.items() if fact]


def _way(way: Way, *, is_first: bool) -> Iterator[Message]:
    is_yours = is_first and PLACEHOLDER_USER in way.lines
    yours = f". Replace {code(PLACEHOLDER_USER)}." if is_yours else ""
    yield message(section(f"*{way.client}* ({_NOTES[way.note]}){yours}"))
    yield Message(text=inert(escape(way.lines)), blocks=[_preformatted(way.lines)])


def _certificate(connection: Connection, ca_file: str, pem: str) -> Iterator[Message]:
    """Say how the CA certificate becomes a file: by lines to paste, which need no other right.

    A file in Slack would need the scope `files:write`, and a link browsers that reach this bot.
    """
    if not connection.needs_ca_file:
        yield message(section("No CA file needed: a public authority signed its certificate."))
    elif not (lines := saving(pem, ca_file)):
        yield message(section("Can't read the CA certificate now. Try again in a minute."))
    elif len(lines) > TEXT_CHARACTERS:
        yield message(
            section(
                "The CA certificate is too long for Slack. Download it in DigitalOcean's control "
                f"panel, and save it as {code(ca_file)}."
            )
        )
    else:
        yield message(
            section(
                f"*CA certificate*: save it first, as {code(ca_file)}. On macOS and Linux, paste "
                "this in a terminal."
            )
        )
        yield Message(text="", blocks=[_preformatted(lines)])
        yield message(
            context(
                f"Windows: save the lines from BEGIN to END as {code(ca_file)}. "
                "Run psql in PowerShell."
            )
        )


def _preformatted(lines: str) -> Block:
    """Return lines to copy, letter by letter: the text of a rich text block is never parsed."""
    shown = "".join(
        c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in lines
    )
    text = {"type": "text", "text": shown.rstrip("\n")}
    element = {"type": "rich_text_preformatted", "elements": [text]}
    return {"type": "rich_text", "elements": [element]}
