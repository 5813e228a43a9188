"""Every message and its variants, by a name that says what is told."""

from datetime import timedelta
from typing import Any

from bot.domain.actors import Actor
from bot.domain.lifecycle import EndReason, GrantState, RequestState
from bot.domain.notices import (
    AddressSeen,
    Adopted,
    Alarm,
    AllClear,
    ApprovalsDropped,
    Asked,
    Audience,
    AuditAnchor,
    CallsMade,
    Cancelled,
    ClusterClosed,
    ClusterOpen,
    CommandWaits,
    Comment,
    EmergencyAsked,
    EmergencyOpened,
    GrantDelayed,
    GrantEnded,
    GrantEnding,
    GrantExpiring,
    GrantExtended,
    GrantIdle,
    GrantKept,
    GrantPutBack,
    GrantRewritten,
    GrantStarted,
    GuardPlaced,
    IssuerAway,
    IssuerBack,
    Labelled,
    LabelsDropped,
    NotGranted,
    Notice,
    Outdated,
    Recovered,
    RemovedOnAGuess,
    Reply,
    RequestCard,
    RequestClosed,
    RequestOver,
    RequestReminder,
    Reviewed,
    ReviewReminder,
    Revoking,
    SessionCounts,
    SessionsClosed,
    SessionsRefused,
    SessionsStay,
    StreamResumed,
    StreamStopped,
    Undelivered,
)
from bot.domain.people import Standing
from bot.domain.refusals.clusters import FullForEmergency, NoSuchCluster, NoSuchRule
from bot.domain.refusals.delays import ClusterBusy, NoUsableAnswer
from bot.domain.refusals.durations import TooLong
from bot.domain.refusals.grants import RuleNotTaken
from bot.domain.refusals.rights import NotAnApprover
from bot.domain.refusals.sources import NotAnAddress
from bot.domain.sessions import DatabaseSession
from bot.domain.sources import GUARD, SourceType, TrustedSource
from bot.faults import DatabaseTrouble
from bot.slack.messages import (
    Message,
    apology,
    clusters_page,
    database_away,
    database_back,
    database_slow,
    database_unavailable,
    help_page,
    listing,
    refusal,
    sources_page,
)
from tests.slack.messages.examples import (
    ADMINS,
    ALICE,
    BOB,
    DAVE,
    HOME,
    HOUR,
    MINUTE,
    NOW,
    OFFICE,
    WORKER,
    adopted,
    adoption,
    emergency,
    ended,
    extension,
    grant,
    machines,
    of_machine,
    policy,
    put_back,
    request,
    source_line,
)

PENDING, APPROVED = RequestState.PENDING, RequestState.APPROVED
DENIED, CANCELLED, LAPSED = RequestState.DENIED, RequestState.CANCELLED, RequestState.LAPSED
LONGER: dict[str, Any] = {"expires_at": NOW + 3 * HOUR}
DENIAL: dict[str, Any] = {"denied_by": ALICE, "denial_reason": "not before the <backup> is done"}

REVOKED = ended(EndReason.REVOKED, id=15, revoked_by=ALICE, removing_since=NOW - 2 * HOUR)

CARDS = {
    "a request after a revoke": request(revoked=REVOKED),
    "a request": request(),
    "a request without a reason": request(reason=""),
    "a request of known source": request(seen_before=True, others_with_access=1),
    "a request for a network": request(source=OFFICE, others_with_access=3),
    "a request for a droplet": request(source=WORKER),
    "a request for a droplet with a name": request(source=WORKER, source_name="web-1 <prod>"),
    "a request of somebody with other access": request(own_grants=2, others_with_access=1),
    "a request too short to shorten": request(duration=MINUTE),
    "a request half approved for less": request(
        approvals_needed=2, approvers=(ALICE,), at_most=HOUR
    ),
    "a request approved for less": request(APPROVED, approvers=(ALICE,), at_most=HOUR),
    "an extension approved for less": extension(
        APPROVED, approvers=(ALICE,), at_most=HOUR / 2, extended=grant(**LONGER)
    ),
    "a request withdrawn since its maker left": request(CANCELLED, closed_by="departed"),
    "an emergency": emergency(),
    "an emergency that has ended": emergency(has_ended=True),
    "an emergency reviewed": emergency(reviewed_by=ALICE, reviewed_at=NOW + HOUR),
    "a rule adopted": adoption(),
    "a rule to be adopted": adoption(
        PENDING, approvals_needed=2, approvers=(ALICE,), may_decide=(ALICE, BOB), reason="has moved"
    ),
    "a rule not to be adopted": adoption(DENIED, **DENIAL),
    "a rule adopted for longer": adoption(duration=24 * HOUR, extended=adopted()),
    "a request half approved": request(approvals_needed=2, approvers=(ALICE,)),
    "a request that the requester may approve": request(
        may_decide=(ALICE, BOB), self_approval=True
    ),
    "a request that the requester, an approver, may not approve": request(may_decide=(ALICE, BOB)),
    "an extension": extension(seen_before=True),
    "an extension for somebody else": extension(asked_by=DAVE),
    "a request approved": request(APPROVED, approvers=(ALICE, DAVE), approvals_needed=2),
    "a request approved with a comment": request(
        APPROVED, approvers=(ALICE,), comment="only the <replica>"
    ),
    "a request of an address that is shared and covered": request(
        same_source=(DAVE,), covered_by=TrustedSource(SourceType.IP_ADDR, "203.0.113.0/24")
    ),
    "a request approved by policy": request(APPROVED, approvers=("policy",)),
    "an extension approved": extension(APPROVED, approvers=(ALICE,), extended=grant(**LONGER)),
    "a request whose access was ended": request(
        APPROVED, approvers=(ALICE,), ended_early=ended(EndReason.REVOKED, revoked_by=BOB)
    ),
    "a request whose access was removed outside": request(
        APPROVED, approvers=(ALICE,), ended_early=ended(EndReason.REMOVED_OUTSIDE)
    ),
    "an extension of what was ended": extension(
        APPROVED,
        approvers=(ALICE,),
        extended=grant(**LONGER),
        ended_early=ended(EndReason.REVOKED, revoked_by=BOB),
    ),
    "a rule whose expiry was removed": adoption(
        ended_early=adopted(GrantState.ENDED, end_reason=EndReason.REVOKED, revoked_by=BOB)
    ),
    "a request denied": request(DENIED, **DENIAL),
    "a request denied without a reason": request(DENIED, denied_by=ALICE),
    "a request cancelled": request(CANCELLED, closed_by=BOB),
    "a request cancelled by dbaccess": request(CANCELLED, closed_by="dbaccess"),
    "a request lapsed": request(LAPSED, approvals_needed=2, approvers=(ALICE,)),
    "an extension lapsed": extension(LAPSED, extended=grant(GrantState.REMOVING)),
}


def superuser_session(pid: int) -> DatabaseSession:
    return DatabaseSession(
        pid, NOW - HOUR, "postgres", "psql", "orders", HOME.value, is_superuser=True
    )


def person_session(address: str) -> DatabaseSession:
    return DatabaseSession(int(address[-1]), NOW - HOUR, "bob", "psql", "orders", address)


NOTICES: dict[str, Notice] = {
    **{f"card: {name}": RequestCard(request=facts) for name, facts in CARDS.items()},
    **{
        f"closed: {name}": RequestClosed(request=facts)
        for name, facts in CARDS.items()
        if facts.state is not PENDING
    },
    **{
        f"the answer, once it is {state}": RequestOver(request=request(state))
        for state in (APPROVED, DENIED, LAPSED, CANCELLED)
    },
    "asked": Asked(request=request()),
    "asked, two must approve": Asked(request=request(approvals_needed=2)),
    "asked, approved by policy": Asked(request=request(APPROVED, approvers=("policy",))),
    "asked for an extension": Asked(request=extension()),
    "asked for an extension, approved by policy": Asked(
        request=extension(APPROVED, approvers=("policy",), extended=grant(**LONGER))
    ),
    "asked after a revoke": Asked(request=request(revoked=REVOKED)),
    "an emergency that needs an approval": EmergencyAsked(request=request(), unreviewed=16),
    "an emergency after a revoke": EmergencyAsked(request=request(revoked=REVOKED)),
    "asked for an emergency, another waits for a review": EmergencyAsked(
        request=request(), unreviewed=16, to_requester=True
    ),
    "an approval dropped": ApprovalsDropped(
        request=request(approvals_needed=2, approvers=(DAVE,)), approvers=(ALICE,)
    ),
    "not granted": NotGranted(request=request(), why=TooLong(asked=2 * HOUR, longest=HOUR)),
    "cancelled": Cancelled(request=request(CANCELLED, closed_by=BOB)),
    "reminder": RequestReminder(request=request()),
    "reminder, one of two is missing": RequestReminder(
        request=request(approvals_needed=2, approvers=(ALICE,))
    ),
    "reminder, two are missing": RequestReminder(request=request(approvals_needed=2)),
    "emergency opened": EmergencyOpened(request=emergency(), channel="C0APPROVALS"),
    "emergency not reviewed": ReviewReminder(request=emergency()),
    "emergency not reviewed, for operators": ReviewReminder(
        request=emergency(), channel="C0APPROVALS"
    ),
    "emergency reviewed": Reviewed(request=emergency(reviewed_by=ALICE, reviewed_at=NOW + HOUR)),
    "adopted": Adopted(request=adoption()),
    "adopted, once others agree": Adopted(
        request=adoption(PENDING, approvals_needed=2, approvers=(ALICE,), may_decide=(ALICE, BOB))
    ),
    "adopted, the others agreed": RequestClosed(
        request=adoption(approvals_needed=2, approvers=(ALICE, BOB))
    ),
    "its clock is being stopped": Revoking(grant=adopted(GrantState.REMOVING, revoked_by=BOB)),
    "its clock is stopped": GrantEnded(
        grant=adopted(GrantState.ENDED, end_reason=EndReason.REVOKED, revoked_by=BOB)
    ),
    "on its timer": GrantStarted(grant=adopted()),
    "extended for less than asked": GrantExtended(
        grant=grant(**LONGER), by=HOUR / 2, asked=HOUR, approvers=(ALICE,)
    ),
    "extended for less than asked, in the thread": GrantExtended(
        grant=grant(**LONGER),
        by=HOUR / 2,
        asked=HOUR,
        approvers=(ALICE,),
        audience=Audience.OTHERS,
    ),
    "on its timer for longer": GrantExtended(grant=adopted(), by=24 * HOUR),
    "going soon": GrantExpiring(grant=adopted()),
    "gone": GrantEnded(grant=adopted(GrantState.ENDED, end_reason=EndReason.EXPIRED)),
    "not there to be adopted": GrantEnded(
        grant=adopted(GrantState.ENDED, end_reason=EndReason.FAILED, owned=None),
        why=NoSuchRule(cluster="orders"),
    ),
    "ended: somebody left": GrantEnded(grant=ended(EndReason.REVOKED, revoked_by="departed")),
    "started": GrantStarted(grant=grant()),
    "started, trusted before": GrantStarted(grant=grant(owned=False)),
    "extended": GrantExtended(grant=grant(**LONGER), by=HOUR, approvers=(ALICE,)),
    "expiring": GrantExpiring(grant=grant()),
    "expiring, trusted before": GrantExpiring(grant=grant(owned=False)),
    "expiring, recovered": GrantExpiring(
        grant=grant(requester=Actor.UNKNOWN), audience=Audience.OTHERS
    ),
    "ended: expired": GrantEnded(grant=ended(EndReason.EXPIRED)),
    "ended: expired, recovered": GrantEnded(
        grant=ended(EndReason.EXPIRED, requester=Actor.UNKNOWN), audience=Audience.OTHERS
    ),
    "ended: expired, trusted before": GrantEnded(
        grant=ended(EndReason.EXPIRED, owned=False), still_trusted=(HOME,)
    ),
    "ended: expired, added by somebody else": GrantEnded(
        grant=ended(EndReason.EXPIRED), still_trusted=(HOME,)
    ),
    "ended: expired, a part of a network": GrantEnded(
        grant=ended(EndReason.EXPIRED),
        still_trusted=(TrustedSource(SourceType.IP_ADDR, "203.0.113.0/24"),),
    ),
    "ended: the cluster is open": GrantEnded(grant=ended(EndReason.REMOVED_OUTSIDE), is_open=True),
    "ended: no longer taken": GrantEnded(
        grant=ended(EndReason.REMOVED_OUTSIDE),
        why=RuleNotTaken(said="invalid firewall rule: droplet:163973392"),
    ),
    "delayed": GrantDelayed(
        grant=grant(GrantState.APPLYING, owned=None),
        why=ClusterBusy(
            said="The cluster takes no changes while it is resizing: database cluster is resizing"
        ),
    ),
    "delayed, DigitalOcean does not answer": GrantDelayed(
        grant=grant(GrantState.APPLYING, owned=None), why=NoUsableAnswer()
    ),
    "started late, approved for less": GrantStarted(
        grant=grant(delayed_at=NOW), approvers=(ALICE, BOB), asked=4 * HOUR, left=HOUR + 3 * MINUTE
    ),
    "started, approved by policy": GrantStarted(grant=grant(), approvers=("policy",)),
    "started, an emergency": GrantStarted(grant=grant(), approvers=("emergency",)),
    "started, with a comment": GrantStarted(
        grant=grant(),
        approvers=(ALICE,),
        comments=(Comment(by=ALICE, text="only the <replica>"),),
        can_extend=False,
    ),
    "started, in the thread": GrantStarted(grant=grant(), audience=Audience.OTHERS),
    "idle": GrantIdle(grant=grant(), idle=30 * MINUTE),
    "idle, kept": GrantKept(grant=grant()),
    "idle, kept, at its maximum": GrantKept(grant=grant(), can_extend=False),
    "expiring, at its maximum": GrantExpiring(grant=grant(), can_extend=False),
    "ended: expired, in the thread": GrantEnded(
        grant=ended(EndReason.EXPIRED), audience=Audience.OTHERS
    ),
    "outdated": Outdated(grant=grant()),
    "ended: expired, still needed": GrantEnded(grant=ended(EndReason.EXPIRED), still_wanted=True),
    "ended: revoked": GrantEnded(grant=ended(EndReason.REVOKED)),
    "ended: removed outside": GrantEnded(grant=ended(EndReason.REMOVED_OUTSIDE)),
    "ended: removed outside, recovered": GrantEnded(
        grant=ended(EndReason.REMOVED_OUTSIDE, requester=Actor.UNKNOWN), audience=Audience.OTHERS
    ),
    "ended: adopted, removed outside": GrantEnded(
        grant=adopted(GrantState.ENDED, end_reason=EndReason.REMOVED_OUTSIDE)
    ),
    "put back": GrantPutBack(request=put_back(), by=ALICE),
    "put back, the answer": Asked(request=put_back()),
    "put back, the card": RequestCard(request=put_back()),
    "machine, access opens": RequestCard(
        request=of_machine(machines(), reason="migrations of release 41")
    ),
    "machine, at its end": RequestCard(
        request=of_machine(
            machines(GrantState.ENDED, end_reason=EndReason.EXPIRED, ended_at=NOW + HOUR / 3)
        )
    ),
    "machine, ended by an approver": RequestCard(
        request=of_machine(
            machines(
                GrantState.ENDED,
                end_reason=EndReason.REVOKED,
                revoked_by=ALICE,
                ended_at=NOW + HOUR / 6,
            )
        )
    ),
    "machine, removed outside": RequestCard(
        request=of_machine(
            machines(
                GrantState.ENDED, end_reason=EndReason.REMOVED_OUTSIDE, ended_at=NOW + HOUR / 6
            ),
            requester="ci:nightly",
            details=(),
        )
    ),
    "machine, not opened": RequestCard(
        request=of_machine(
            machines(GrantState.ENDED, end_reason=EndReason.FAILED, ended_at=NOW + HOUR / 6),
            requester="ci:nightly",
            details=(("workflow", "report"),),
        )
    ),
    "revoking, a machine's": Revoking(grant=machines(GrantState.REMOVING, revoked_by=ALICE)),
    "card, a guest asks": RequestCard(request=request(standing=Standing.GUEST)),
    "card, an outsider asks": RequestCard(request=request(standing=Standing.OUTSIDER)),
    "reply, what could end": Reply(
        refusal=FullForEmergency(
            cluster="orders", count=100, ask=(ALICE,), could_end=((17, BOB), (18, DAVE))
        )
    ),
    "ended: failed": GrantEnded(
        grant=ended(EndReason.FAILED, owned=None),
        why=RuleNotTaken(said="invalid rule value"),
    ),
    "ended: failed, nobody knows why": GrantEnded(grant=ended(EndReason.FAILED, owned=None)),
    "rewritten": GrantRewritten(grant=grant()),
    "revoking, their own": Revoking(grant=grant(GrantState.REMOVING, revoked_by=BOB)),
    "ending, for its holder": GrantEnding(grant=grant(GrantState.REMOVING, revoked_by=BOB)),
    "its clock is being stopped, for its holder": GrantEnding(
        grant=adopted(GrantState.REMOVING, revoked_by=BOB)
    ),
    "revoking": Revoking(grant=grant(GrantState.REMOVING)),
    "revoking, recovered": Revoking(grant=grant(GrantState.REMOVING, requester=Actor.UNKNOWN)),
    "alarm": Alarm(
        cluster="orders",
        failing_since=NOW,
        error="503 Service Unavailable",
        overdue=(grant(GrantState.REMOVING), grant(GrantState.REMOVING, id=18, source=WORKER)),
        waiting=(grant(GrantState.APPLYING, id=19, requester=DAVE),),
        calls=CallsMade(
            by_purpose={"checks": 1204, "pages": 310, "ends": 22}, limit=5000, remaining=1840
        ),
    ),
    "alarm, a long error": Alarm(
        cluster="orders",
        failing_since=NOW,
        error=(
            "DigitalOcean rejects every change to this firewall: invalid firewall rule. Perhaps "
            "an existing rule is no longer valid. dbaccess cannot tell which"
        ),
    ),
    "alarm, nothing hangs yet": Alarm(cluster="orders", failing_since=NOW, error="no answer yet"),
    "alarm, much hangs": Alarm(
        cluster="orders",
        failing_since=NOW,
        error="503",
        overdue=tuple(grant(GrantState.REMOVING, id=number) for number in range(1, 31)),
    ),
    "ended: expired, sessions closed": GrantEnded(
        grant=ended(EndReason.EXPIRED), sessions=SessionCounts(closed=2)
    ),
    "ended: expired, nobody connected": GrantEnded(
        grant=ended(EndReason.EXPIRED), sessions=SessionCounts()
    ),
    "ended: expired, no connection was seen": GrantEnded(
        grant=ended(EndReason.EXPIRED), sessions=SessionCounts(unseen=True)
    ),
    "ended: removed outside, a superuser stays": GrantEnded(
        grant=ended(EndReason.REMOVED_OUTSIDE), sessions=SessionCounts(closed=1, refused=1)
    ),
    "sessions stay": SessionsStay(
        cluster="orders", source=HOME, number=17, since=NOW, error="connection timeout expired"
    ),
    "sessions stay, of nobody's access": SessionsStay(
        cluster="orders",
        source=HOME,
        since=NOW,
        error=(
            'connection to server at "10.0.0.5", port 25060 failed: FATAL: role "dbaccess" is not '
            "permitted to log in"
        ),
    ),
    "sessions closed": SessionsClosed(cluster="orders", source=HOME, since=NOW),
    "a superuser's session stays": SessionsRefused(
        cluster="orders", source=HOME, sessions=(superuser_session(4711),)
    ),
    "many superusers' sessions stay": SessionsRefused(
        cluster="orders",
        source=HOME,
        sessions=tuple(superuser_session(number) for number in range(30)),
    ),
    "an issuer is away": IssuerAway(
        issuer="github", since=NOW, error="https://token.example/keys: answered 503"
    ),
    "an issuer is back": IssuerBack(issuer="github", since=NOW),
    "stream refused": StreamStopped(
        place="siem.example.com", since=NOW, error="it answered 401 (Unauthorized)", rows=1
    ),
    "stream away": StreamStopped(
        place="siem.example.com:8443",
        since=NOW,
        error=(
            "its certificate is not trusted (self-signed certificate): if a proxy or your own CA "
            "signs it, set SSL_CERT_FILE to a file with that CA, and the usual ones"
        ),
        rows=12_345,
    ),
    "stream resumed": StreamResumed(place="siem.example.com", since=NOW, rows=12_345),
    "stream resumed, all delivered": StreamResumed(place="siem.example.com", since=NOW, rows=0),
    "all clear": AllClear(cluster="orders", failing_since=NOW),
    "guard placed": GuardPlaced(cluster="orders"),
    "cluster open": ClusterOpen(cluster="orders", open_since=NOW, lent=(grant(),)),
    "cluster open, nothing lent": ClusterOpen(cluster="orders", open_since=NOW),
    "cluster closed": ClusterClosed(cluster="orders", open_since=NOW),
    "labels dropped": LabelsDropped(cluster="orders", grants=(grant(),)),
    "removed on a guess": RemovedOnAGuess(cluster="orders", sources=(HOME, WORKER)),
    "recovered": Recovered(
        cluster="orders", grants=(grant(requester=Actor.UNKNOWN),), removed=(WORKER, HOME)
    ),
    "recovered, labels that promise too much": Recovered(
        cluster="orders",
        grants=(grant(requester=Actor.UNKNOWN),),
        labels=(Labelled(source=HOME, number=9_999_999, until=NOW + 4000 * HOUR),),
        unfit=(Labelled(source=OFFICE, number=8, until=NOW + 4000 * HOUR),),
    ),
    "recovered, all over": Recovered(cluster="orders", removed=(HOME,)),
    "undelivered": Undelivered(
        conversation="C0APPROVALS", error="channel_not_found", what="request_card"
    ),
    "undelivered, for the requester": Undelivered(
        conversation="C0APPROVALS", error="is_archived", what="request_card", request=17
    ),
    "undelivered, a card that was deleted": Undelivered(
        conversation="C0APPROVALS", error="message_not_found", what="request_card"
    ),
    "undelivered, with a code that is not known": Undelivered(
        conversation="C0APPROVALS", error="a_code_of_next_year", what="grant_started"
    ),
    "undelivered to a person": Undelivered(
        conversation=BOB, error="messages_tab_disabled", what="grant_ended"
    ),
    "audit anchor": AuditAnchor(number=1500, digest="5f" * 32),
    "audit anchor, with a key": AuditAnchor(number=1, digest="5f" * 32, key="3f9a61c2"),
    "address seen": AddressSeen(source=HOME),
    "command waits": CommandWaits(seconds=30),
    "reply": Reply(refusal=NotAnAddress(typed="1.2.3")),
}

PAGES: dict[str, Message] = {
    "refusal": refusal(NoSuchCluster(typed="a<b>&c", nearest="orders", known=("orders",))),
    "refusal with people to ask": refusal(NotAnApprover(ask=(ALICE, ADMINS))),
    "apology": apology("4f1c2a9b"),
    "database away": database_away(DatabaseTrouble.AWAY),
    "database full": database_away(DatabaseTrouble.FULL),
    "database unavailable: read-only": database_unavailable(
        DatabaseTrouble.READ_ONLY, NOW, "attempt to write a readonly database"
    ),
    "database back": database_back(NOW),
    "database slow": database_slow(),
    "help": help_page(),
    "list": listing(
        [request(id=20), extension()],
        [
            grant(),
            grant(GrantState.APPLYING, id=18, source=WORKER),
            grant(GrantState.REMOVING, id=19),
        ],
    ),
    "list, nothing there": listing([], []),
    "list all": listing([request(id=20)], [grant()], everybody=True),
    "list all, a machine's": listing([], [machines()], everybody=True, at_maximum={17}),
    "list all, nothing there": listing([], [], everybody=True),
    "list, too long": listing(
        [request(id=number) for number in range(100, 115)],
        [grant(id=number) for number in range(1, 15)],
    ),
    "clusters": clusters_page(
        {
            "orders": policy(),
            "billing": policy(
                approvals=2,
                self_approval=True,
                require_reason=True,
                source_types=["ip_addr", "droplet", "tag"],
                min_prefix=24,
                allow_private=True,
                max_duration=timedelta(minutes=90),
                default_duration=timedelta(hours=2),
                auto_approve=[
                    {
                        "requesters": ["S0ONCALL"],
                        "sources": ["198.51.100.0/24", "203.0.113.0/28"],
                        "max_duration": "1h",
                    },
                    {
                        "machines": ["github:repo:acme/shop:ref:refs/heads/release-*"],
                        "max_duration": "20m",
                    },
                ],
                emergency={"requesters": ["S0ONCALL"], "max_duration": "30m"},
            ),
        }
    ),
    "clusters, none to ask for": clusters_page({}),
    "sources": sources_page(
        "orders",
        [
            source_line(),
            source_line(source="tag:backend", description="", created_at=None),
            source_line(source="203.0.113.4", description="dbaccess/prod #17", grant=grant()),
            source_line(description="dbaccess/prod #18", grant=adopted(id=18)),
        ],
    ),
    "sources, with who is connected": sources_page(
        "orders",
        [
            source_line(connected=2),
            source_line(source="tag:backend", description="", created_at=None, connected=0),
            source_line(source="app:2a6a", description="", created_at=None),
            source_line(source="203.0.113.4", grant=grant(), connected=1),
        ],
        others=[person_session("10.110.0.3")] * 2
        + [person_session(f"10.110.0.{number}") for number in range(4, 10)],
    ),
    "sources, only the guard, the database is away": sources_page(
        "orders",
        [source_line(source=GUARD.value, is_guard=True, created_at=NOW - MINUTE)],
        is_unseen=True,
    ),
    "sources, open to everybody": sources_page("orders", []),
    "sources, very many": sources_page(
        "orders", [source_line(source=f"198.51.100.{number}") for number in range(100)]
    ),
}
