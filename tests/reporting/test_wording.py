"""A report says in plain text what dbaccess refused, without Slack's marks."""

from dataclasses import replace
from datetime import timedelta

from bot.domain.actors import Actor
from bot.domain.lifecycle import Decision, Request, RequestState, Verdict
from bot.domain.refusals.clusters import OpenCluster
from bot.reporting.wording import outcome
from tests.domain.examples import HOME, HOUR, NOW


def denied(decision: Decision) -> Request:
    return Request(
        id=17,
        cluster="orders",
        source=HOME,
        duration=HOUR,
        requester="U0RITA",
        state=RequestState.DENIED,
        created_at=NOW,
        lapses_at=NOW + 4 * HOUR,
        decided_at=NOW + timedelta(minutes=1),
        decisions=(decision,),
    )


def test_a_denial_by_dbaccess_says_why_without_back_ticks() -> None:
    decision = Decision(Actor.DBACCESS, Verdict.DENY, NOW, OpenCluster(cluster="orders"))

    said = outcome(denied(decision), lambda user_id: user_id)

    assert said.startswith("denied by dbaccess itself: orders is open to everyone")
    assert "`" not in said


def test_an_extension_whose_access_ended_first_says_so() -> None:
    extension = replace(
        denied(Decision("U0ALICE", Verdict.APPROVE, NOW)), state=RequestState.LAPSED, extends=9
    )
    undecided = replace(extension, decided_at=extension.lapses_at)

    assert outcome(extension, str.lower) == "expired: access #9 ended first"
    assert outcome(undecided, str.lower) == "expired: nobody decided in time"


def test_a_denial_by_a_person_says_what_they_wrote() -> None:
    decision = Decision("U0ALICE", Verdict.DENY, NOW, "use `orders` instead")

    assert outcome(denied(decision), str.lower) == "denied by u0alice: use `orders` instead"
