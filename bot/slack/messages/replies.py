"""Replies: short answers to one person, where they acted."""

from bot.domain.notices import Reply
from bot.domain.refusal import Refused
from bot.slack.messages.blocks import Message, message, section
from bot.slack.messages.mrkdwn import code, escape, everyone, one_line, who

_SENTENCE_CHARACTERS = 1_500


def reply(notice: Reply) -> Message:
    """Return a sentence, where to go, and who could help."""
    sentence = escape(one_line(notice.sentence, _SENTENCE_CHARACTERS))
    ask = f"\nApprovers: {everyone(notice.ask)}." if notice.ask else ""
    there = f" It is in <#{notice.channel}>." if notice.channel.startswith(("C", "G")) else ""
    named = ", ".join(f"*#{number}* of {who(holder)}" for number, holder in notice.could_end)
    could_end = f"\nWould make room: {named}." if named else ""
    return message(section(f"{sentence or 'That did not work.'}{there}{could_end}{ask}"))


def refusal(refused: Refused) -> Message:
    """Return why a command is refused; the sentence's back-ticks stay, as code."""
    return reply(
        Reply(
            sentence=refused.sentence,
            ask=refused.ask,
            channel=refused.channel,
            could_end=refused.could_end,
        )
    )


def apology(reference: str) -> Message:
    """Return the answer when something broke; the log has the same *reference*."""
    return message(
        section(
            "Sorry, something went wrong on my side. As far as I know, nothing was changed. Please "
            "try again in a moment. If it happens again, tell the people who look after dbaccess "
            f"this reference: {code(reference)}."
        )
    )


def database_away() -> Message:
    """Return the answer while the database cannot be reached."""
    return message(
        section(
            "I cannot reach my database just now. As far as I know, nothing was changed. Please "
            "try again in a minute; `/dbaccess list` then shows how things stand."
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


def checking() -> Message:
    """Return the first answer where Slack's directory has to say who asks.

    It names no cluster: those that somebody may not see look like those that there are not.
    """
    return message(
        section(":hourglass_flowing_sand: Got it. Checking that you may do this, one moment …")
    )
