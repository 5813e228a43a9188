"""Operators: what the people who look after the clusters hear."""

from collections.abc import Iterable
from itertools import zip_longest

from bot.domain.lifecycle import EndReason, Grant
from bot.domain.notices import (
    Alarm,
    AllClear,
    AuditAnchor,
    CallsMade,
    ClusterClosed,
    ClusterOpen,
    GuardPlaced,
    Labelled,
    LabelsDropped,
    Recovered,
    RemovedOnAGuess,
)
from bot.domain.sources import GUARD
from bot.slack.messages.blocks import (
    Block,
    Message,
    context,
    header,
    message,
    quote,
    section,
    sections,
)
from bot.slack.messages.facts import source
from bot.slack.messages.mrkdwn import code, when, who

_MOST_LINES = 20
_SHORT_ERROR_CHARACTERS = 80
_PURPOSES = {
    "ends": "to end access",
    "starts": "to open access",
    "checks": "drift checks",
    "pages": "pages and forms",
}


def alarm(notice: Alarm) -> Message:
    """Return what fails, since when and why, and what can be done."""
    error = notice.error or "no error given"
    is_short = len(error) <= _SHORT_ERROR_CHARACTERS
    why = f" ({code(error)})" if is_short else ""
    return message(
        section(
            f":rotating_light: *Can't update the firewall of {code(notice.cluster)}* since "
            f"{when(notice.failing_since)}{why}. Still trying."
        ),
        None if is_short else quote(error, error),
        *_listed(
            "*Open past its end:*",
            (f"{_grant(grant)}, {_overdue(grant)}" for grant in notice.overdue),
            len(notice.overdue),
        ),
        *_listed(
            "*Approved, but not open yet:*",
            (f"{_grant(grant)}, until {when(grant.expires_at)}" for grant in notice.waiting),
            len(notice.waiting),
        ),
        section(_what_to_do(notice)),
        *_calls(notice.calls),
    )


def all_clear(notice: AllClear) -> Message:
    """Return that an alarm is over."""
    return message(
        section(
            f":white_check_mark: *The firewall of {code(notice.cluster)} is up to date again.* "
            f"It was out of date from {when(notice.failing_since)}."
        )
    )


def guard_placed(notice: GuardPlaced) -> Message:
    """Return that the guard rule took the place of the last one, and what to do (P2)."""
    return message(
        section(
            f":shield: *The last trusted source of {code(notice.cluster)} was removed.* An empty "
            f"list lets everyone in, so dbaccess added its guard rule {code(GUARD.value)}. "
            "The cluster accepts no new connections now."
        ),
        section(
            "*What to do:* add its trusted sources at DigitalOcean, or use `/dbaccess request`. "
            "Leave the guard rule: dbaccess removes it when others keep the cluster closed."
        ),
    )


def cluster_open(notice: ClusterOpen) -> Message:
    """Return that anybody can reach a cluster, who was given access, and what to do (P2)."""
    last_seen = f", last seen {when(notice.read_at)}" if notice.read_at else ""
    return message(
        header(f":rotating_light: {notice.cluster} is open to everyone"),
        section(
            f"{code(notice.cluster)} has no trusted sources, so it accepts connections from "
            f"everywhere. First seen {when(notice.open_since)}{last_seen}."
        ),
        *_listed(
            "*Access by dbaccess:*",
            (f"{_grant(grant)}, until {when(grant.expires_at)}" for grant in notice.lent),
            len(notice.lent),
        ),
        section(
            "*What to do:* add its trusted sources at DigitalOcean. Usual causes: "
            "`terraform destroy`, or `doctl` removed the last rule."
        ),
        context(
            "dbaccess adds no first rule: that would lock others out. "
            "This alarm repeats until the cluster is closed."
        ),
    )


def cluster_closed(notice: ClusterClosed) -> Message:
    """Return that a cluster has rules again."""
    return message(
        section(
            f":white_check_mark: *{code(notice.cluster)} is closed again.* "
            f"It was open to everyone from {when(notice.open_since)}."
        )
    )


def labels_dropped(notice: LabelsDropped) -> Message:
    """Return that another tool dropped our labels, and what may go missing later."""
    return message(
        section(
            f":memo: *Another tool rewrote the trusted sources of {code(notice.cluster)}* and "
            "dropped the descriptions, as `doctl` and Terraform do. dbaccess restored its own."
        ),
        *_listed(
            "*Still removed when access ends:*",
            (f"{_grant(grant)}, {when(grant.expires_at)}" for grant in notice.grants),
            len(notice.grants),
        ),
        context("Should one of these stay for good? Add it again after its access has ended."),
    )


def removed_on_a_guess(notice: RemovedOnAGuess) -> Message:
    """Return that rules were removed which may have been somebody else's, and what to do."""
    removed = ", ".join(code(str(source)) for source in notice.sources)
    return message(
        section(
            f":grey_question: *Removed {removed} from {code(notice.cluster)}.* Access from there "
            "had ended. The rule had no label, but looked like dbaccess's."
        ),
        section("Should it stay for good? Add it again now: dbaccess leaves it alone."),
    )


def recovered(notice: Recovered) -> Message:
    """Return what was found that the database did not know of, and what to look at (P7)."""
    return message(
        section(
            f":mag: *Unknown rules with dbaccess's label on {code(notice.cluster)}.* dbaccess has "
            "no record of them. Anyone who can change trusted sources can write such a label."
        ),
        *_listed(
            "*Open again, until:*",
            (_recovered(*one) for one in zip_longest(notice.grants, notice.labels)),
            len(notice.grants),
        ),
        *_listed(
            "*Left alone, not allowed by the policy:*",
            (
                f"{code(str(one.source))}, labelled #{one.number} until {when(one.until)}"
                for one in notice.unfit
            ),
            len(notice.unfit),
        ),
        *_listed(
            "*Removed, past its end:*",
            (code(str(removed)) for removed in notice.removed),
            len(notice.removed),
        ),
        section(_what_to_look_at(notice)),
    )


def audit_anchor(notice: AuditAnchor) -> Message:
    """Return the audit's newest digest, and what it is for."""
    command = f"dbaccess audit verify --expect {notice.number}:{notice.digest}"
    signed = f"signed with key {code(notice.key)}" if notice.key else "no key"
    rows = "1 row" if notice.number == 1 else f"{notice.number:,} rows"
    return message(
        section(f":link: *Audit: {rows}*, {signed}. To verify them later:"),
        section(code(command)),
    )


def _recovered(grant: Grant, its_label: Labelled | None) -> str:
    what = " (adopted)" if grant.adopted else ""
    shown = f"#{grant.id} {source(grant)}{what}, until {when(grant.expires_at)}"
    if its_label is None or (its_label.number, its_label.until) == (grant.id, grant.expires_at):
        return shown
    return f"{shown} (labelled #{its_label.number} until {when(its_label.until)})"


def _what_to_look_at(notice: Recovered) -> str:
    text = (
        "*What to do:* Was the database lost, or restored from a backup? Compare this list with "
        f"the requests in the channel and {code('dbaccess audit')}. If not, find out who changed "
        "the trusted sources."
    )
    if notice.grants:
        text += f" {code(f'/dbaccess revoke {notice.grants[0].id}')} ends access early."
    if notice.unfit:
        text += (
            " Remove unwanted rules at DigitalOcean, but never the last one. Otherwise each is "
            "removed at the time in its label."
        )
    return text


def _what_to_do(notice: Alarm) -> str:
    advice = f"*What to do:* run {code('dbaccess check')}, and see DigitalOcean's status page."
    if not notice.overdue:
        return advice
    return (
        f"{advice} To close one by hand, remove its trusted source at DigitalOcean. "
        "Never remove the last one: the cluster would be open to everyone."
    )


def _calls(made: CallsMade) -> list[Block]:
    """Return what API calls were made for, since the end of access may be waiting for some."""
    counts = [
        f"{count:,} {_PURPOSES.get(purpose, purpose)}"
        for purpose, count in sorted(made.by_purpose.items(), key=lambda one: -one[1])
        if count
    ]
    lines = [f"API calls of this worker in the last hour: {', '.join(counts)}."] if counts else []
    if made.limit and made.remaining is not None:
        lines.append(
            f"This token has {made.remaining:,} of {made.limit:,} left. Other tools may use it too."
        )
    return [context(" ".join(lines))] if lines else []


def _listed(title: str, lines: Iterable[str], count: int) -> list[Block]:
    shown = [f"• {line}" for line, _ in zip(lines, range(_MOST_LINES), strict=False)]
    if not shown:
        return []
    if count > _MOST_LINES:
        shown.append(f"… and {count - _MOST_LINES} more. {code('dbaccess grants')} shows all.")
    return sections([title, *shown])


def _grant(grant: Grant) -> str:
    return f"#{grant.id} {source(grant)} of {who(grant.requester)}"


def _overdue(grant: Grant) -> str:
    if grant.end_reason is EndReason.REVOKED:
        return "ended early"
    return f"expired {when(grant.expires_at)}"
