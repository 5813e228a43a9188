"""The database cannot be used: what people and operators read then."""

from datetime import datetime

from bot.faults import DatabaseTrouble
from bot.slack.messages.blocks import Message, header, message, quote, section
from bot.slack.messages.mrkdwn import when

_WHAT = {
    DatabaseTrouble.AWAY: "I cannot reach my database just now.",
    DatabaseTrouble.FULL: "My database is full, so I cannot save anything.",
    DatabaseTrouble.READ_ONLY: "My database is read-only, so I cannot save anything.",
    DatabaseTrouble.BUSY: "My database is too busy, so I cannot save anything.",
}
_REMEDIES = {
    DatabaseTrouble.AWAY: "It does not answer. Is it running? Does `DATABASE_URL` lead to it?",
    DatabaseTrouble.FULL: "Its disk is full. Make room.",
    DatabaseTrouble.READ_ONLY: "It is read-only. Is its disk nearly full, or is it a standby?",
    DatabaseTrouble.BUSY: "It is too busy. What else uses it, or holds a lock?",
}


def database_away(trouble: DatabaseTrouble) -> Message:
    """Return the answer while the database cannot be used."""
    return message(
        section(
            f"{_WHAT[trouble]} As far as I know, nothing was changed. Please try again in a "
            "minute; `/dbaccess list` then shows how things stand."
        )
    )


def database_slow() -> Message:
    """Return the first answer where the database lets us wait for longer than Slack waits."""
    return message(
        section(
            ":hourglass_flowing_sand: My database does not answer just now. I keep trying for a "
            "moment; if it does not work, you hear of it."
        )
    )


def send_again(trouble: DatabaseTrouble | None = None) -> str:
    """Return what stands in a form that was not taken in, for this trouble or for no answer."""
    what = _WHAT[trouble] if trouble else "My database does not answer just now."
    return f"{what} Please send this off again in a minute."


def database_unavailable(trouble: DatabaseTrouble, since: datetime, said: str) -> Message:
    """Return what the operators hear once nothing could be saved for a while."""
    return message(
        header(":rotating_light: dbaccess cannot use its database"),
        section(f"Since {when(since)}, *no access opens and none ends*. {_REMEDIES[trouble]}"),
        quote(said, "Nothing."),
    )


def database_back(since: datetime) -> Message:
    """Return what the operators hear when it works again."""
    return message(
        section(
            f":white_check_mark: *dbaccess can use its database again.* It could not since "
            f"{when(since)}. What was due is being done now."
        )
    )
