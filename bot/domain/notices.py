"""What people are told: facts only, each notice a snapshot of the moment it became true.

A notice is written to the outbox in the transaction that makes it true; `bot.slack.messages`
turns it into words and blocks when it is delivered.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from bot.domain.kept_form import KeptForm
from bot.domain.lifecycle import Grant, Request, Verdict
from bot.domain.refusals.any_refusal import KeptRefusal
from bot.domain.sessions import DatabaseSession
from bot.domain.sources import TrustedSource


class _Facts(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        defer_build=True,  # most are only ever built as a part of `NOTICE`
    )


@dataclass(frozen=True)
class RequestFacts(Request):
    """A request as it stood, with what an approver needs to decide.

    `seen_before`: this person was granted this source on this cluster before. `others_with_access`:
    how many other people have access to this cluster; `own_grants`: live grants of this person.
    `same_source`: who else has access from this source; `covered_by`: another trusted source that
    lets it in already. `shortest`, `longest`: what the policy allows, extensions included.
    `closed_by`: who cancelled. `extended`: the grant that it extends. `revoked`: for an undecided
    request, the grant that somebody else revoked recently. `has_ended`: the access of an emergency,
    of whose review somebody is reminded again and again, `remind_every`. `ended_early`: the access
    that came of it, or that it extended, if that ended before its time. `access`: what a machine's
    request became.
    """

    approvals_needed: int = 1
    may_decide: tuple[str, ...] = ()
    self_approval: bool = False
    seen_before: bool = False
    others_with_access: int = 0
    own_grants: int = 0
    same_source: tuple[str, ...] = ()
    covered_by: TrustedSource | None = None
    shortest: timedelta = timedelta()
    longest: timedelta = timedelta()
    closed_by: str | None = None
    extended: Grant | None = None
    cluster_id: str = ""
    revoked: Grant | None = None
    has_ended: bool = False
    remind_every: timedelta | None = None
    ended_early: Grant | None = None
    access: Grant | None = None

    @property
    def comments(self) -> "tuple[Comment, ...]":
        """What the approvers wrote when they approved."""
        return comments_of(self)


class Comment(_Facts):
    """What one approver wrote when they approved."""

    by: str
    text: str


def comments_of(request: Request) -> tuple[Comment, ...]:
    """Return what the approvers of a request wrote."""
    return tuple(
        Comment(by=decision.approver, text=decision.reason)
        for decision in request.decisions
        if decision.verdict is Verdict.APPROVE
        and isinstance(decision.reason, str)
        and decision.reason
    )


class RequestCard(_Facts):
    """The approval message, as it should look now; buttons while the request is pending."""

    kind: Literal["request_card"] = "request_card"
    request: RequestFacts


class RequestReminder(_Facts):
    """Half of the time to decide is over: said to the approvers."""

    kind: Literal["request_reminder"] = "request_reminder"
    request: RequestFacts


class EmergencyOpened(_Facts):
    """Somebody broke the glass: said to the operators, loudly."""

    kind: Literal["emergency_opened"] = "emergency_opened"
    request: RequestFacts
    channel: str  # where the approvers review it


class EmergencyAsked(_Facts):
    """Emergency access that needs an approval: for the requester, or for all others.

    `unreviewed` is the number of an emergency of theirs that waits for a review; if there is none,
    the request names the access that was revoked recently.
    """

    kind: Literal["emergency_asked"] = "emergency_asked"
    request: RequestFacts
    unreviewed: int | None = None
    to_requester: bool = False
    channel: str = ""  # where the approvers decide, for those who do not read it there


class ReviewReminder(_Facts):
    """An emergency that no approver has reviewed yet."""

    kind: Literal["review_reminder"] = "review_reminder"
    request: RequestFacts
    channel: str = ""  # where the approvers review it, for those who do not read it there


class Reviewed(_Facts):
    """An approver has looked into an emergency."""

    kind: Literal["reviewed"] = "reviewed"
    request: RequestFacts


class Adopted(_Facts):
    """The answer to somebody who sets an expiry on a rule that was added manually."""

    kind: Literal["adopted"] = "adopted"
    request: RequestFacts


class RequestClosed(_Facts):
    """A request was decided, cancelled or lapsed: for the requester."""

    kind: Literal["request_closed"] = "request_closed"
    request: RequestFacts


class ApprovalsDropped(_Facts):
    """Earlier approvers of an undecided request lost the right: their approvals do not count."""

    kind: Literal["approvals_dropped"] = "approvals_dropped"
    request: RequestFacts
    approvers: tuple[str, ...]


class NotGranted(_Facts):
    """An approval could not be taken, since the request is no longer within the policy."""

    kind: Literal["not_granted"] = "not_granted"
    request: RequestFacts
    why: KeptRefusal


class Audience(StrEnum):
    """Who reads a message about a grant."""

    HOLDER = "holder"
    OTHERS = "others"  # approvers, in the thread of the request; operators


class _OfGrant(_Facts):
    """What becomes of a grant. `can_extend`: `max_duration` leaves room for more."""

    grant: Grant
    audience: Audience = Audience.HOLDER
    can_extend: bool = True


class GrantStarted(_OfGrant):
    """The source is trusted now. `owned` False: it was already, by somebody else's rule.

    `asked` is for how long it was asked for, if it was approved for less. `left` is how much of the
    time is left, if it opened late or was put back.
    """

    kind: Literal["grant_started"] = "grant_started"
    approvers: tuple[str, ...] = ()
    comments: tuple[Comment, ...] = ()
    asked: timedelta | None = None
    left: timedelta | None = None


class GrantDelayed(_OfGrant):
    """The rules could not be changed when they should have been: access opens later."""

    kind: Literal["grant_delayed"] = "grant_delayed"
    why: KeptRefusal


class GrantExtended(_OfGrant):
    """The end has moved to `grant.expires_at`, *by* less than was *asked* for if that says so."""

    kind: Literal["grant_extended"] = "grant_extended"
    by: timedelta
    asked: timedelta | None = None
    approvers: tuple[str, ...] = ()
    comments: tuple[Comment, ...] = ()


class GrantExpiring(_OfGrant):
    """The end is near."""

    kind: Literal["grant_expiring"] = "grant_expiring"


class GrantIdle(_OfGrant):
    """No connection was seen for `idle`: its holder is asked whether they are done."""

    kind: Literal["grant_idle"] = "grant_idle"
    idle: timedelta


class GrantKept(_OfGrant):
    """They are not."""

    kind: Literal["grant_kept"] = "grant_kept"


class GrantEnding(_Facts):
    """The holder ended it: how their message looks until that is done."""

    kind: Literal["grant_ending"] = "grant_ending"
    grant: Grant


class SessionCounts(_Facts):
    """How many sessions were ended with access; `refused`: those that only a superuser may end.

    `unseen`: no connection was seen in all of its time.
    """

    closed: int = 0
    refused: int = 0
    unseen: bool = False


class GrantEnded(_OfGrant):
    """The rule is gone, or stays because it is not ours or another grant needs it.

    `sessions` is None where nobody ends those that came from there.
    """

    kind: Literal["grant_ended"] = "grant_ended"
    why: KeptRefusal | None = None  # for `failed`, and if DigitalOcean no longer accepts the rule
    still_wanted: bool = False  # another live grant keeps the source trusted
    still_trusted: tuple[TrustedSource, ...] = ()  # by foreign rules: this source, or wider
    is_open: bool = False  # the cluster has no rules, so everybody is trusted
    sessions: SessionCounts | None = None


class Outdated(_Facts):
    """A message about a grant, once a newer one below it tells what became of it."""

    kind: Literal["outdated"] = "outdated"
    grant: Grant


class GrantPutBack(_Facts):
    """A grant whose rule was removed outside dbaccess goes on, as number of `request`."""

    kind: Literal["grant_put_back"] = "grant_put_back"
    request: RequestFacts
    by: str


class GrantRewritten(_Facts):
    """A rule of ours that had vanished was written again."""

    kind: Literal["grant_rewritten"] = "grant_rewritten"
    grant: Grant


class CallsMade(_Facts):
    """The purposes of one process's calls of DigitalOcean's API in the last hour.

    And what the API said last of the token's limit, which others use up, too: how many calls there
    are in all, and how many were left.
    """

    by_purpose: dict[str, int] = {}
    limit: int | None = None
    remaining: int | None = None


class Alarm(_Facts):
    """A cluster's rules could not be brought in line for longer than `alarm_after`."""

    kind: Literal["alarm"] = "alarm"
    cluster: str
    failing_since: datetime
    error: str
    overdue: tuple[Grant, ...] = ()
    waiting: tuple[Grant, ...] = ()
    calls: CallsMade = CallsMade()


class AllClear(_Facts):
    """What an alarm told of is over."""

    kind: Literal["all_clear"] = "all_clear"
    cluster: str
    failing_since: datetime


class SessionsStay(_Facts):
    """Sessions from where nobody is trusted any more could not be ended for `alarm_after`.

    `number`: of the access that ended; None: the rule belonged to none.
    """

    kind: Literal["sessions_stay"] = "sessions_stay"
    cluster: str
    source: TrustedSource
    number: int | None = None
    since: datetime
    error: str


class SessionsClosed(_Facts):
    """The trouble behind such an alarm is over."""

    kind: Literal["sessions_closed"] = "sessions_closed"
    cluster: str
    source: TrustedSource
    since: datetime


class SessionsRefused(_Facts):
    """Sessions that stay, since only a superuser may end them."""

    kind: Literal["sessions_refused"] = "sessions_refused"
    cluster: str
    source: TrustedSource
    sessions: tuple[DatabaseSession, ...]


class IssuerAway(_Facts):
    """The keys of an issuer of machines' tokens could not be read for `alarm_after`."""

    kind: Literal["issuer_away"] = "issuer_away"
    issuer: str
    since: datetime
    error: str


class IssuerBack(_Facts):
    """What such an alarm was about is over."""

    kind: Literal["issuer_back"] = "issuer_back"
    issuer: str
    since: datetime


class StreamStopped(_Facts):
    """Rows of the audit do not reach the stream's receiver; so many wait. `place`: its host."""

    kind: Literal["stream_stopped"] = "stream_stopped"
    place: str
    since: datetime
    error: str
    rows: int


class StreamResumed(_Facts):
    """The receiver takes rows again; so many are still on their way."""

    kind: Literal["stream_resumed"] = "stream_resumed"
    place: str
    since: datetime
    rows: int


class GuardPlaced(_Facts):
    """The last rule went, and the guard rule took its place (P2)."""

    kind: Literal["guard_placed"] = "guard_placed"
    cluster: str


class ClusterOpen(_Facts):
    """Somebody removed the last rule: the cluster accepts connections from everywhere (P2)."""

    kind: Literal["cluster_open"] = "cluster_open"
    cluster: str
    open_since: datetime  # when it was first seen
    read_at: datetime | None = None  # when it was last seen
    lent: tuple[Grant, ...] = ()


class ClusterClosed(_Facts):
    """A cluster that was open to everybody has rules again."""

    kind: Literal["cluster_closed"] = "cluster_closed"
    cluster: str
    open_since: datetime


class LabelsDropped(_Facts):
    """Another tool dropped the labels of our rules, as doctl and Terraform do.

    A rule that it added for good for the same source looks like ours, and goes when `grants` end.
    """

    kind: Literal["labels_dropped"] = "labels_dropped"
    cluster: str
    grants: tuple[Grant, ...]


class RemovedOnAGuess(_Facts):
    """Rules were removed, just after an end, because they were guessed to be ours."""

    kind: Literal["removed_on_a_guess"] = "removed_on_a_guess"
    cluster: str
    sources: tuple[TrustedSource, ...]


class Labelled(_Facts):
    """A rule with our label, and what the label says."""

    source: TrustedSource
    number: int
    until: datetime


class Recovered(_Facts):
    """Rules with our label that no row accounts for (P7).

    `grants` are those that are grants again, `labels` in the same order what their labels said.
    """

    kind: Literal["recovered"] = "recovered"
    cluster: str
    grants: tuple[Grant, ...] = ()
    labels: tuple[Labelled, ...] = ()
    unfit: tuple[Labelled, ...] = ()  # those that the policy does not allow, which are left alone
    removed: tuple[TrustedSource, ...] = ()  # those whose time was up already


class Undelivered(_Facts):
    """A message that was given up, with Slack's code for it.

    `request`: the number of the request whose card it was; then it is told to the requester.
    """

    kind: Literal["undelivered"] = "undelivered"
    conversation: str
    error: str
    what: str
    request: int | None = None


class AuditAnchor(_Facts):
    """The audit's newest row, for the operators to keep: it proves a later change."""

    kind: Literal["audit_anchor"] = "audit_anchor"
    number: int
    digest: str
    key: str = ""  # the name of the key that made the digest


class Asked(_Facts):
    """The answer to a request or an extension that was taken."""

    kind: Literal["asked"] = "asked"
    request: RequestFacts


class RequestOver(_Facts):
    """The answer to a request, as it looks once that is closed; newer messages tell the rest."""

    kind: Literal["request_over"] = "request_over"
    request: RequestFacts


class Cancelled(_Facts):
    """The answer to a request that was withdrawn."""

    kind: Literal["cancelled"] = "cancelled"
    request: RequestFacts


class Revoking(_Facts):
    """The answer to a grant that is being ended."""

    kind: Literal["revoking"] = "revoking"
    grant: Grant  # `revoked_by` is whom this answers


class AddressSeen(_Facts):
    """The answer to `myip`: the address that somebody's browser came from; the form it is for."""

    kind: Literal["address_seen"] = "address_seen"
    source: TrustedSource
    form: KeptForm | None = None


class CommandWaits(_Facts):
    """Slack asks to wait before it says who gave a command; then it is carried out."""

    kind: Literal["command_waits"] = "command_waits"
    seconds: int


class Reply(_Facts):
    """Why what somebody asked for is refused, for this one person only."""

    kind: Literal["reply"] = "reply"
    refusal: KeptRefusal


GrantNotice = (
    GrantStarted | GrantDelayed | GrantExtended | GrantExpiring | GrantIdle | GrantKept | GrantEnded
)
"""What becomes of a grant: told in the messages about it that are kept up to date."""

Notice = Annotated[
    RequestCard
    | RequestReminder
    | EmergencyAsked
    | EmergencyOpened
    | ReviewReminder
    | Reviewed
    | Adopted
    | RequestClosed
    | ApprovalsDropped
    | NotGranted
    | GrantStarted
    | GrantDelayed
    | GrantExtended
    | GrantExpiring
    | GrantIdle
    | GrantKept
    | GrantEnding
    | GrantEnded
    | Outdated
    | GrantPutBack
    | GrantRewritten
    | Alarm
    | AllClear
    | SessionsStay
    | SessionsClosed
    | SessionsRefused
    | IssuerAway
    | IssuerBack
    | StreamStopped
    | StreamResumed
    | GuardPlaced
    | ClusterOpen
    | ClusterClosed
    | LabelsDropped
    | RemovedOnAGuess
    | Recovered
    | Undelivered
    | AuditAnchor
    | Asked
    | RequestOver
    | Cancelled
    | Revoking
    | AddressSeen
    | CommandWaits
    | Reply,
    Field(discriminator="kind"),
]
NOTICE: TypeAdapter[Notice] = TypeAdapter(Notice, config=ConfigDict(defer_build=True))
