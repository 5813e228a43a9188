"""The stream: what operators hear when rows of the audit do not reach their receiver."""

from bot.domain.notices import StreamResumed, StreamStopped
from bot.slack.messages.blocks import Message, context, message, section
from bot.slack.messages.mrkdwn import code, when
from bot.slack.messages.operators import why_it_fails


def stream_stopped(notice: StreamStopped) -> Message:
    """Return that nothing is delivered, since when and why, and what can be done."""
    why, at_length = why_it_fails(notice.error)
    verb = "waits" if notice.rows == 1 else "wait"
    return message(
        section(
            f":rotating_light: *Can't send the audit to {code(notice.place)}* since "
            f"{when(notice.since)}{why}. Still trying."
        ),
        at_length,
        section(f"*What to do:* run {code('dbaccess stream ping')}. It sends a test event."),
        context(f"{_rows(notice.rows)} {verb}. Nothing is lost."),
    )


def stream_resumed(notice: StreamResumed) -> Message:
    """Return that such an alarm is over."""
    left = f" {_rows(notice.rows)} to go." if notice.rows else ""
    return message(
        section(
            f":white_check_mark: *{code(notice.place)} takes the audit again.* "
            f"It failed from {when(notice.since)}.{left}"
        )
    )


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"
