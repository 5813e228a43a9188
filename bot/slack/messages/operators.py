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
    why, at_length = why_it_fails(notice.error or "no error given")
    return message(
        section(
            f":rotating_light: *Can't update the firewall of {code(notice.cluster)}* since "
            f"{when(notice.failing_since)}{why}. Still trying."
        ),
        at_length,
        *_listed(
            "*Open past its end:*",
            (f"{_grant(grant)}, {_overdue(grant)}" for grant in notice.overdue),
            len(notice.overdue),
        ),
        *_listed(
            "*Not open yet:*",
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
            f"It failed from {when(notice.failing_since)}."
        )
    )


def guard_placed(notice: GuardPlaced) -> Message:
    """Return that the guard rule took the place of the last one, and what to do (P2)."""
    return message(
        section(
            f":shield: *The last trusted source of {code(notice.cluster)} was removed.* The guard "
            f"rule {code(GUARD.value)} keeps it closed: no new connections."
        ),
        section(
            "*What to do:* add its trusted sources at DigitalOcean. dbaccess removes the guard "
            "rule then."
        ),
    )


def cluster_open(notice: ClusterOpen) -> Message:
    """Return that anybody can reach a cluster, who was given access, and what to do (P2)."""
    last_seen = f", last {when(notice.read_at)}" if notice.read_at else ""
    return message(
        header(f":rotating_light: {notice.cluster} is open to everyone"),
        section(f"It has no trusted sources. First seen {when(notice.open_since)}{last_seen}."),
        *_listed(
            "*Access by dbaccess:*",
            (f"{_grant(grant)}, until {when(grant.expires_at)}" for grant in notice.lent),
            len(notice.lent),
        ),
        section(
            "*What to do:* add its trusted sources at DigitalOcean. Usual causes: "
            "`terraform destroy`, or `doctl`."
        ),
        context("dbaccess adds no first rule: that would lock others out."),
    )


def cluster_closed(notice: ClusterClosed) -> Message:
    """Return that a cluster has rules again."""
    return message(
        section(
            f":white_check_mark: *{code(notice.cluster)} is closed again.* "
            f"It was open from {when(notice.open_since)}."
        )
    )


def labels_dropped(notice: LabelsDropped) -> Message:
    """Return that another tool dropped our labels, and what may go missing later."""
    return message(
        section(
            f":memo: *Another tool rewrote the trusted sources of {code(notice.cluster)}*, "
            "without descriptions (`doctl`, Terraform). dbaccess restored its own."
        ),
        *_listed(
            "*Still removed when access ends:*",
            (f"{_grant(grant)}, {when(grant.expires_at)}" for grant in notice.grants),
            len(notice.grants),
        ),
        context("To keep one for good, add it again after its access has ended."),
    )


def removed_on_a_guess(notice: RemovedOnAGuess) -> Message:
    """Return that rules were removed which may have been somebody else's, and what to do."""
    removed = ", ".join(code(str(source)) for source in notice.sources)
    return message(
        section(
            f":grey_question: *Removed {removed} from {code(notice.cluster)}* after its access "
            "ended. It had no label, but looked like dbaccess's."
        ),
        context("To keep it, add it again: dbaccess leaves it alone."),
    )


def recovered(notice: Recovered) -> Message:
    """Return what was found that the database did not know of, and what to look at (P7)."""
    return message(
        section(f":mag: *Unknown rules with dbaccess's label on {code(notice.cluster)}.*"),
        *_listed(
            "*Open again:*",
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
        section(f":link: *Audit: {rows}*, {signed}. To verify:"),
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
        "*What to do:* was the database lost or restored? Compare with the requests in the channel "
        f"and {code('dbaccess audit')}. If not, find out who wrote these labels."
    )
    if notice.grants:
        text += f" {code(f'/dbaccess revoke {notice.grants[0].id}')} ends access early."
    if notice.unfit:
        text += (
            " Rules left alone are removed at their time. Earlier: at DigitalOcean, but never the "
            "last one."
        )
    return text


def _what_to_do(notice: Alarm) -> str:
    advice = f"*What to do:* run {code('dbaccess check')}, see DigitalOcean's status page."
    if not notice.overdue:
        return advice
    return (
        f"{advice} Or remove the source at DigitalOcean, but never the last one: that opens the "
        "cluster to everyone."
    )


def _calls(made: CallsMade) -> list[Block]:
    """Return what API calls were made for, since the end of access may be waiting for some."""
    counts = [
        f"{count:,} {_PURPOSES.get(purpose, purpose)}"
        for purpose, count in sorted(made.by_purpose.items(), key=lambda one: -one[1])
        if count
    ]
    lines = [f"API calls in the last hour: {', '.join(counts)}"] if counts else []
    if made.limit and made.remaining is not None:
        lines.append(f"{made.remaining:,} of {made.limit:,} left for this token")
    return [context(" · ".join(lines))] if lines else []


def why_it_fails(error: str) -> tuple[str, Block | None]:
    """Return what stands behind an alarm's first words, and a quote where that would be long."""
    if len(error) <= _SHORT_ERROR_CHARACTERS:
        return f" ({code(error)})", None
    return "", quote(error, error)


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
    return when(grant.expires_at)
