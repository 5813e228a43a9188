"""Connect: how one reaches a cluster and makes sure that it is the real one."""

from collections.abc import Iterator

from bot.domain.connecting import PLACEHOLDER_USER, Connection, Note, Way, ways
from bot.slack.limits import TEXT_CHARACTERS
from bot.slack.messages.blocks import FALLBACK_CHARACTERS, Block, Message, context, message, section
from bot.slack.messages.mrkdwn import code, cut, escape, inert, one_line

_VERSION_CHARACTERS = 40
_ENGINES = {
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
    Note.ASKS: "It asks for the password.",
    Note.ASKS_CHECKS_NO_NAME: (
        "It asks for the password. It checks who signed the server's certificate, but not the host "
        "name in it."
    ),
    Note.ASKS_SILENTLY: "The first line waits for the password and shows nothing.",
    Note.IN_PYTHON: "In Python; `getpass()` asks for the password.",
    Note.IN_PYTHON_CHECKS_NAME: "In Python; `getpass()` asks for the password. It checks both.",
}


def connect_page(alias: str, connection: Connection, certificate: str) -> Message:
    """Return how to connect to a cluster; its text leaves out the certificate.

    Args:
        alias: what the cluster is called here.
        connection: where and as whom.
        certificate: the CA certificate as PEM text; an empty text where none was read, and
            anything for a cluster that does not need it.
    """
    ca_file = f"{alias}-ca.crt"
    parts = [
        message(section(_title(alias, connection), _facts(connection))),
        message(section(_about_certificate(connection, ca_file))),
        *(part for way in ways(connection, ca_file) for part in _way(way)),
        *_certificate(connection, ca_file, certificate),
        message(
            context(
                "This works only while you have live access from the address that you connect "
                f"from. {code('/dbaccess list')} shows what you have, and "
                f"{code(f'/dbaccess request 203.0.113.4 2h {alias}')} asks for more."
            )
        ),
    ]
    said = "\n".join(part.text for part in parts if part.text)
    shown = [block for part in parts for block in part.blocks]
    return Message(text=cut(said, FALLBACK_CHARACTERS), blocks=shown)


def _title(alias: str, connection: Connection) -> str:
    engine = _ENGINES.get(connection.engine) or code(connection.engine)
    version = escape(one_line(connection.version, _VERSION_CHARACTERS))
    return f"*How to connect to {code(alias)}*, {engine} {version}".rstrip()


def _facts(connection: Connection) -> list[str]:
    unnamed = f"your own, in the place of {code(PLACEHOLDER_USER)}"
    facts = {
        "Host": code(connection.host),
        "Port": code(str(connection.port)),
        "Database": code(connection.database) if connection.database else "",
        "User": f"{code(connection.user)}, or your own" if connection.user else unnamed,
        "Password": "your own, or the one that your team keeps",
        "Host inside its VPC": code(connection.private_host) if connection.private_host else "",
    }
    return [f"*{name}*\n{fact}" for name, fact in facts.items() if fact]


def _about_certificate(connection: Connection, ca_file: str) -> str:
    if not connection.needs_ca_file:
        return (
            "It shows a certificate of a public authority, which your computer knows already. "
            "There is no file to save."
        )
    return (
        f"First save the certificate below as {code(ca_file)}, and type the lines in the folder "
        "where it is. With it, your client makes sure that it talks to the real database and to "
        "nobody in between."
    )


def _way(way: Way) -> Iterator[Message]:
    yield message(section(f"*With {code(way.client)}*: {_NOTES[way.note]}"))
    yield Message(text=inert(escape(way.lines)), blocks=[_preformatted(way.lines)])


def _certificate(connection: Connection, ca_file: str, pem: str) -> Iterator[Message]:
    if not connection.needs_ca_file:
        return
    if not pem:
        yield message(
            section("The certificate cannot be read just now. Use the command again in a minute.")
        )
    elif len(pem) > TEXT_CHARACTERS:
        yield message(
            section(
                "The certificate is too long for a message. The people who look after the "
                "databases can download it in DigitalOcean's control panel."
            )
        )
    else:
        yield message(section(f"*{code(ca_file)}*, the cluster's CA certificate:"))
        yield Message(text="", blocks=[_preformatted(pem)])


def _preformatted(lines: str) -> Block:
    """Return lines to copy, letter by letter: the text of a rich text block is never parsed."""
    shown = "".join(
        c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in lines
    )
    text = {"type": "text", "text": shown.rstrip("\n")}
    element = {"type": "rich_text_preformatted", "elements": [text]}
    return {"type": "rich_text", "elements": [element]}
