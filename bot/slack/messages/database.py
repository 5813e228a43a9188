"""The database cannot be used: what people and operators read then."""

from datetime import datetime

from bot.faults import DatabaseTrouble
from bot.slack.messages.blocks import Message, header, message, quote, section
from bot.slack.messages.mrkdwn import when

_WHAT = {
    DatabaseTrouble.AWAY: "dbaccess can't reach its database.",
    DatabaseTrouble.FULL: "The database of dbaccess is full.",
    DatabaseTrouble.READ_ONLY: "The database of dbaccess is read-only.",
    DatabaseTrouble.BUSY: "The database of dbaccess is too busy.",
}
_REMEDIES = {
    DatabaseTrouble.AWAY: "Is it running? Is `DATABASE_URL` right?",
    DatabaseTrouble.FULL: "Its disk is full: make room.",
    DatabaseTrouble.READ_ONLY: "Is its disk nearly full, or is it a standby?",
    DatabaseTrouble.BUSY: "What else uses it, or holds a lock?",
}


def database_away(trouble: DatabaseTrouble) -> Message:
    """Return the answer while the database cannot be used."""
    return message(
        section(f"{_WHAT[trouble]} This may not be saved. Check `/dbaccess list` in a minute.")
    )


def database_slow() -> Message:
    """Return the first answer where the database lets us wait for longer than Slack waits."""
    return message(section(":hourglass_flowing_sand: The database doesn't answer. Still trying…"))


def send_again(trouble: DatabaseTrouble | None = None) -> str:
    """Return what stands in a form that was not taken in, for this trouble or for no answer."""
    what = _WHAT[trouble] if trouble else "The database of dbaccess doesn't answer."
    return f"{what} Send this again in a minute."


def database_unavailable(trouble: DatabaseTrouble, since: datetime, said: str) -> Message:
    """Return what the operators hear once nothing could be saved for a while."""
    return message(
        header(":rotating_light: dbaccess can't use its database"),
        section(f"*No access opens or ends* since {when(since)}. {_REMEDIES[trouble]}"),
        quote(said, "Nothing."),
    )


def database_back(since: datetime) -> Message:
    """Return what the operators hear when it works again."""
    return message(
        section(
            ":white_check_mark: *dbaccess can use its database again.* "
            f"Outage from {when(since)}, catching up."
        )
    )
