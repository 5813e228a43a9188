"""Operators: what the people who look after the clusters hear."""

from collections.abc import Iterable
from itertools import zip_longest

from bot.domain.lifecycle import Grant
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
_PURPOSES = {
    "ends": "to end access",
    "starts": "to open access",
    "checks": "drift checks",
    "pages": "pages and forms",
}


def alarm(notice: Alarm) -> Message:
    """Return what hangs, since when and why, and what can be done."""
    cluster = code(notice.cluster)
    return message(
        header(f":rotating_light: {notice.cluster}: access is not as it should be"),
        section(
            f"Since {when(notice.failing_since)} dbaccess cannot bring the trusted sources of "
            f"{cluster} in line. It goes on trying. The last error:"
        ),
        quote(notice.error, "No error was told."),
        *_listed(
            "*Should have ended, but may still be open:*",
            (f"{_grant(grant)}, to end {when(grant.expires_at)}" for grant in notice.overdue),
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
            f":white_check_mark: {code(notice.cluster)} is in line again. The trouble that began "
            f"{when(notice.failing_since)} is over, and what was due has been done. There is "
            "nothing to do."
        )
    )


def guard_placed(notice: GuardPlaced) -> Message:
    """Return that the guard rule took the place of the last one, and what to do (P2)."""
    cluster = code(notice.cluster)
    return message(
        section(
            f":shield: The last trusted source of {cluster} has gone. A cluster without any "
            f"accepts connections from everywhere, so dbaccess put its guard rule there: "
            f"`ip_addr` {code(GUARD.value)}, an address that leads nowhere."
        ),
        section(
            f"For now nobody can connect to {cluster}. If something should, add its trusted source "
            "in DigitalOcean's control panel, or ask with `/dbaccess request`. Leave the guard "
            "rule where it is: dbaccess takes it away once other people's rules keep the cluster "
            "closed."
        ),
    )


def cluster_open(notice: ClusterOpen) -> Message:
    """Return that anybody can reach a cluster, who was given access, and what to do (P2)."""
    cluster = code(notice.cluster)
    last_seen = f", last seen {when(notice.read_at)}" if notice.read_at else ""
    return message(
        header(f":rotating_light: {notice.cluster} is open to everybody"),
        section(
            f"{cluster} has no trusted sources, so it accepts connections from everywhere. "
            f"First seen {when(notice.open_since)}{last_seen}."
        ),
        *_listed(
            "*Given access by dbaccess:*",
            (f"{_grant(grant)}, until {when(grant.expires_at)}" for grant in notice.lent),
            len(notice.lent),
        ),
        section(
            "*What to do:* add the cluster's own trusted sources in DigitalOcean's control panel. "
            "The usual causes are `terraform destroy` and removing the last rule with `doctl`."
        ),
        context(
            "dbaccess adds no first rule by itself, since that would lock everybody else out. It "
            "tells you again until the cluster is closed."
        ),
    )


def cluster_closed(notice: ClusterClosed) -> Message:
    """Return that a cluster has rules again."""
    return message(
        section(
            f":white_check_mark: {code(notice.cluster)} is closed again. It had been open to "
            f"everybody since {when(notice.open_since)}."
        )
    )


def labels_dropped(notice: LabelsDropped) -> Message:
    """Return that another tool dropped our labels, and what may go missing later."""
    return message(
        section(
            f":memo: *Another tool rewrote the trusted sources of {code(notice.cluster)}* and "
            "dropped the descriptions. `doctl` and Terraform do that. dbaccess put its own back."
        ),
        *_listed(
            "*Still removed when access ends:*",
            (f"{_grant(grant)}, {when(grant.expires_at)}" for grant in notice.grants),
            len(notice.grants),
        ),
        context(
            "Did somebody add one of these for good, to Terraform for example? Then add it again "
            "after its access has ended."
        ),
    )


def removed_on_a_guess(notice: RemovedOnAGuess) -> Message:
    """Return that rules were removed which may have been somebody else's, and what to do."""
    removed = ", ".join(code(str(source)) for source in notice.sources)
    return message(
        section(
            f":grey_question: *{removed} was removed from {code(notice.cluster)}.* Access from "
            "there had ended. The rule had no label, and looked like dbaccess's own in a list that "
            "another tool wrote."
        ),
        section("Did somebody add it for good? Then add it again now: dbaccess leaves it alone."),
    )


def recovered(notice: Recovered) -> Message:
    """Return what was found that the database did not know of, and what to look at (P7)."""
    return message(
        section(
            f":mag: *Unknown rules with dbaccess's label on {code(notice.cluster)}.* dbaccess has "
            "no record of them, so who added them is not known. Anybody who can change the "
            "trusted sources can write such a label."
        ),
        *_listed(
            "*Access again, it ends as shown:*",
            (_recovered(*one) for one in zip_longest(notice.grants, notice.labels)),
            len(notice.grants),
        ),
        *_listed(
            "*Left alone, the policy does not allow access from there:*",
            (
                f"{code(str(one.source))}, labelled #{one.number} until {when(one.until)}"
                for one in notice.unfit
            ),
            len(notice.unfit),
        ),
        *_listed(
            "*Removed, since their time was over:*",
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
        section(f":link: *Audit: {rows}*, {signed}. To check later that all are unchanged:"),
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
        "*What to look at:* Was the database lost or restored from a backup? Then compare this "
        f"list with the requests in the cluster's channel and with {code('dbaccess audit')}. If "
        "not, find out who changed the trusted sources."
    )
    if notice.grants:
        text += f" {code(f'/dbaccess revoke {notice.grants[0].id}')} ends access early."
    if notice.unfit:
        text += (
            " Remove what should not be there in DigitalOcean's control panel, but never the last "
            "trusted source. Otherwise it is removed when its label says."
        )
    return text


def _what_to_do(notice: Alarm) -> str:
    check = code("dbaccess check")
    advice = (
        f"*What to do:* run {check}, which tells whether the token and the cluster are in order, "
        "and look at DigitalOcean's status page."
    )
    if not notice.overdue:
        return advice
    return (
        f"{advice} To close something by hand now, remove its trusted source in DigitalOcean's "
        "control panel, but never the last one: a cluster without any is open to everybody."
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
            f"DigitalOcean has {made.remaining:,} of {made.limit:,} left for this token, which "
            "other tools may use too."
        )
    return [context(" ".join(lines))] if lines else []


def _listed(title: str, lines: Iterable[str], count: int) -> list[Block]:
    shown = [f"• {line}" for line, _ in zip(lines, range(_MOST_LINES), strict=False)]
    if not shown:
        return []
    if count > _MOST_LINES:
        shown.append(f"… and {count - _MOST_LINES} more; {code('dbaccess grants')} shows all.")
    return sections([title, *shown])


def _grant(grant: Grant) -> str:
    return f"#{grant.id} {source(grant)} of {who(grant.requester)}"
