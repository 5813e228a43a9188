"""Sessions: what becomes of those that were open when access ended."""

from bot.domain.notices import SessionCounts, SessionsClosed, SessionsRefused, SessionsStay
from bot.domain.sessions import DatabaseSession
from bot.slack.messages.blocks import Message, message, section, sections
from bot.slack.messages.mrkdwn import code, when
from bot.slack.messages.operators import why_it_fails

_CONNECTIONS_STAY = "Open connections may stay."
_UNSEEN = "No connection was seen."
_MOST_LINES = 10


def connections_left(counts: SessionCounts | None) -> str:
    """Return what became of open sessions, with a space before it; nothing if there were none."""
    return f" {_CONNECTIONS_STAY}" if counts is None else connections_closed(counts)


def connections_closed(counts: SessionCounts | None) -> str:
    """The same, but nothing where nobody ends sessions."""
    if counts is None:
        return ""
    if counts.unseen:
        return f" {_UNSEEN}"
    closed = f" {_count(counts.closed)} closed." if counts.closed else ""
    one = counts.refused == 1
    stay = "superuser session stays" if one else "superuser sessions stay"
    return closed + (f" {counts.refused} {stay} open." if counts.refused else "")


def sessions_stay(notice: SessionsStay) -> Message:
    """Return that sessions could not be ended, since when and why, and what can be done."""
    why, at_length = why_it_fails(notice.error)
    access = f" (access #{notice.number})" if notice.number else ""
    return message(
        section(
            f":rotating_light: *Can't close the sessions from {code(str(notice.source))} on "
            f"{code(notice.cluster)}*{access} since {when(notice.since)}{why}. Still trying."
        ),
        at_length,
        section(
            "The firewall rule is gone: no new connections. Open ones may stay.\n"
            "*What to do:* run `dbaccess check`. It tests the login and the token."
        ),
    )


def sessions_closed(notice: SessionsClosed) -> Message:
    """Return that such an alarm is over."""
    return message(
        section(
            f":white_check_mark: *No open sessions are left from {code(str(notice.source))} on "
            f"{code(notice.cluster)}*, for the first time since {when(notice.since)}."
        )
    )


def sessions_refused(notice: SessionsRefused) -> Message:
    """Return which sessions stay, since only a superuser may end them."""
    shown = [_shown(one) for one in notice.sessions[:_MOST_LINES]]
    more = len(notice.sessions) - len(shown)
    lines = [*shown, *([f"… and {more} more"] if more else [])]
    verb = "stays" if len(notice.sessions) == 1 else "stay"
    return message(
        section(
            f":warning: *{_count(len(notice.sessions)).capitalize()} {verb} on "
            f"{code(notice.cluster)}*, from {code(str(notice.source))}. Only a superuser may "
            "end a superuser's session."
        ),
        *sections(lines),
    )


def _count(sessions: int) -> str:
    return "1 open session" if sessions == 1 else f"{sessions} open sessions"


def _shown(one: DatabaseSession) -> str:
    return f"• {code(one.user)}, process {one.pid}, since {when(one.since)}"
