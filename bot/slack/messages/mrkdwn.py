"""Slack's mrkdwn: what other people wrote is shown in it, never obeyed."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from bot.domain.actors import Actor
from bot.domain.erasure import is_erased
from bot.domain.principals import ANYBODY, is_machine

_CODE_CHARACTERS = 300
_MOST_NAMES = 20
_USER = re.compile(r"[UW][A-Z0-9]+")
_GROUP = re.compile(r"S[A-Z0-9]+")
_BRANCH_JOBS = (  # the usual `sub` of GitHub and GitLab for what runs on a branch
    re.compile(r"repo:([^:@ ]+):ref:refs/heads/([^: ]+)"),
    re.compile(r"project_path:([^:@ ]+):ref_type:branch:ref:([^: ]+)"),
)
_NAMES = {
    Actor.UNKNOWN: "someone unknown (from a rule's label)",
    ANYBODY: "anybody",
    Actor.POLICY: "written policy",
    Actor.EMERGENCY: "the emergency policy",
    Actor.DEPARTED: "dbaccess (account deactivated)",
    Actor.DBACCESS: "dbaccess",
    Actor.OPERATOR: "an operator, at the command line",
}


def one_line(text: str, longest: int) -> str:
    """Return *text* without line breaks, control and direction characters, cut to *longest*."""
    printable = "".join(c if c.isprintable() else " " for c in text)
    line = " ".join(printable.split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def escape(text: str) -> str:
    """Return *text* so that Slack reads no mention, link or entity in it."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def code(text: str) -> str:
    """Return a short text as code: on one line, with nothing in it formatted."""
    line = one_line(text.replace("`", "'"), _CODE_CHARACTERS)
    return f"`{escape(line) or '-'}`"


def cut(mrkdwn: str, longest: int) -> str:
    """Return *mrkdwn* in at most *longest* characters, with no mention or entity cut in two."""
    if len(mrkdwn) <= longest:
        return mrkdwn
    kept = mrkdwn[: longest - 1]
    for opening, closing in ("<>", "&;"):
        if kept.rfind(opening) > kept.rfind(closing):
            kept = kept[: kept.rfind(opening)]
    return f"{kept}…"


def inert(mrkdwn: str) -> str:
    """Return *mrkdwn* in which a bare `@here` is not one: for text that cannot be `verbatim`."""
    return re.sub(r"(?<!<)@(?=\w)", "@\N{WORD JOINER}", mrkdwn)


def when(at: datetime) -> str:
    """Return a time as each reader's own clock shows it; in UTC where Slack cannot."""
    return _date(at, "{date_short_pretty} {time}")


def clock(at: datetime) -> str:
    """Return the time of day alone, where the day goes without saying."""
    return _date(at, "{time}")


def ago(at: datetime) -> str:
    """Return how long ago a time was when the reader looks: `3 days ago`."""
    return _date(at, "{ago}")


def who(name: str) -> str:
    """Return a user or user group as a mention, and the others who act by what they are."""
    if name in _NAMES:
        return _NAMES[name]
    if is_erased(name):
        return "someone (erased)"
    if _USER.fullmatch(name):
        return f"<@{name}>"
    if _GROUP.fullmatch(name):
        return f"<!subteam^{name}>"
    return f":gear: {code(_machine(name))}" if is_machine(name) else code(name)


def _machine(principal: str) -> str:
    """Return a machine's name: `github acme/shop@main` for the jobs of a branch, else all of it."""
    issuer, _, subject = principal.partition(":")
    job = next(filter(None, (one.fullmatch(subject) for one in _BRANCH_JOBS)), None)
    return f"{issuer} {job[1]}@{job[2]}" if job else f"{issuer} {subject}"


def everyone(names: Sequence[str]) -> str:
    """Return several people and groups, each as a mention."""
    shown = [who(name) for name in names[:_MOST_NAMES]]
    if len(names) > _MOST_NAMES:
        shown.append(f"and {len(names) - _MOST_NAMES} more")
    return ", ".join(shown)


def any_of(names: Sequence[str]) -> str:
    """Return the same where one of them is enough: the last one comes after an "or"."""
    if not 1 < len(names) <= _MOST_NAMES:
        return everyone(names)
    return f"{everyone(names[:-1])} or {who(names[-1])}"


def _date(at: datetime, form: str) -> str:
    fallback = f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return f"<!date^{int(at.timestamp())}^{form}|{fallback}>"
