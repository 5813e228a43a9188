"""Lines about machines: whose access it is, of which job, and what became of it.

Who a machine is comes from its verified token. What else the token says of the job (workflow, run)
was written by whoever wrote the job: it is shown, never obeyed.
"""

import re
from collections.abc import Iterator

from bot.domain.lifecycle import EndReason, Grant, GrantState
from bot.domain.notices import RequestFacts
from bot.slack.messages.blocks import Message, context, message
from bot.slack.messages.facts import lasting, near, source
from bot.slack.messages.mrkdwn import code, one_line, who

_LINKS = ("run_url", "job_url", "pipeline_url")
_LINK = re.compile(r"https://[A-Za-z0-9.-]+(:\d+)?/[A-Za-z0-9._~/%+-]{1,300}")
_LABEL_CHARACTERS = 60
_REASON_CHARACTERS = 120


def machine_line(request: RequestFacts) -> Message:
    """Return the line about a machine's access, as it should look now."""
    said = [f"{who(request.requester)}: {_access(request)}", *_job(request)]
    return message(context(" · ".join(said)))


def _access(request: RequestFacts) -> str:
    grant = request.access
    what = f"*access #{request.id}* to {code(request.cluster)} from {source(request)}"
    if grant is None or grant.is_live:
        return f"{what} {lasting(request)}"
    return f"{what} {_end(grant)}"


def _end(grant: Grant) -> str:
    at = near(grant.ended_at or grant.removing_since or grant.expires_at, grant.approved_at)
    match grant.end_reason:
        case EndReason.FAILED:
            return f"could not be opened, {at}"
        case EndReason.REMOVED_OUTSIDE:
            return f"was removed outside dbaccess, {at}"
        case _ if grant.state is not GrantState.ENDED:
            return "is ending"
        case EndReason.REVOKED if grant.revoked_by not in (None, grant.requester):
            return f"was ended by {who(grant.revoked_by or '')}, {at}"
        case _:
            return f"has ended, {at}"


def _job(request: RequestFacts) -> Iterator[str]:
    details = dict(request.details)
    label = details.get("workflow") or "run"
    link = next((details[name] for name in _LINKS if details.get(name)), "")
    if _LINK.fullmatch(link):
        yield f"<{link}|{_plain(label)}>"
    elif details.get("workflow"):
        yield code(one_line(label, _LABEL_CHARACTERS))
    if request.reason:
        yield code(one_line(request.reason, _REASON_CHARACTERS))


def _plain(label: str) -> str:
    """Return the text of a link, in which nothing can be formatted or closed."""
    kept = re.sub(r"[^\w .,:()/#+-]", " ", one_line(label, _LABEL_CHARACTERS))
    return " ".join(kept.split()) or "run"
