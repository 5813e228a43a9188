"""One story that survives any death, and what must be true when it is over."""

from collections import Counter
from collections.abc import Callable

from bot.domain.audit_actions import Action
from bot.domain.lifecycle import GrantState, RequestState
from bot.store import audit, grants, requests
from dbaccess_playground.slack.conversations import Message
from dbaccess_playground.slack.dispatch import Answer
from tests.chaos import report
from tests.processes import FOREIGN, Place
from tests.scenarios.world import ALICE, APPROVALS, IP, ORDERS, RITA
from tests.waiting import eventually

_ONCE = (Action.REQUESTED, Action.APPROVED, Action.GRANTED, Action.ENDED)


def play(place: Place, meanwhile: Callable[[], None] = lambda: None) -> None:
    """Let Rita ask and Alice approve, and wait until it is over and everybody was told.

    *meanwhile* happens once the card is there, before Alice looks at it.
    """
    eventually(lambda: place.slack.bot_url)
    asking = f"request {IP} 3s orders"
    insist(lambda: place.slack.command(RITA, asking, channel_id="C0GENERAL"))
    eventually(lambda: cards(place))
    meanwhile()
    _approve(place)
    eventually(
        lambda: (
            place.told("has ended") or place.told("was ended") or place.told("could not be opened")
        )
    )
    eventually(lambda: not report.has_pending(place))


def check(place: Place) -> None:
    """Compare what is left with what is promised."""
    with report.reading(place) as session:
        known = grants.listing(session, ended_too=True)
        rows = list(audit.rows(session))
        [request] = [found for n in range(1, 9) if (found := requests.get(session, n))]
    assert report.dead_lettered(place) == []
    assert [grant.state for grant in known] == [GrantState.ENDED], "P3: a grant never ended"
    assert request.state is RequestState.APPROVED
    assert place.sources() == FOREIGN, "P1, P3: the rules are not as they were"
    assert not place.digitalocean.ever_empty(ORDERS), "P2: the cluster was open"
    done = Counter(row.action for row in rows)
    assert all(done[action] == 1 for action in _ONCE), f"P6: {done}"
    writes = sum(call.method == "PUT" for call in place.digitalocean.calls)
    accounted = done[Action.RULES_WRITTEN] + done[Action.ATTEMPT_LOST]
    assert writes <= accounted, f"{writes} writes, {accounted} of them in the audit"
    _check_told(place, done)


def _check_told(place: Place, done: Counter[str]) -> None:
    """P6: each change was told to the person and in the thread, at least once."""
    heard = [text for message in place.slack.dms(RITA) for text in message.all_versions]
    [card] = [card for card in cards(place) if " approved*" in card.all_text][-1:]
    threads = [
        text
        for shown in cards(place)
        for reply in place.slack.thread(APPROVALS, shown.ts)
        for text in reply.all_versions
    ]
    assert card.buttons == []
    for told, opened in ((heard, "You can connect"), (threads, " is open* until")):
        if done[Action.APPLIED] and not report.told_by_a_later_message(place):
            assert any(opened in words for words in told)
        ending = ("has ended", "was ended", "could not be opened")
        assert any(end in words for words in told for end in ending)


def insist(act: Callable[[], Answer]) -> None:
    """Do something again until Slack no longer says that the bot did not answer."""
    eventually(lambda: act().error is None)


def _approve(place: Place) -> None:
    """Press Approve on each card once: one that was posted twice counts where it was recorded."""
    pressed: set[str] = set()

    def is_decided() -> bool:
        for card in cards(place):
            if "Approve" in card.buttons and card.ts not in pressed:
                insist(lambda card=card: place.slack.click(ALICE, card, "Approve"))  # type: ignore[misc]
                pressed.add(card.ts)
        return "Approve" not in cards(place)[-1].buttons

    eventually(is_decided)


def cards(place: Place) -> list[Message]:
    return place.slack.messages(APPROVALS, replies=False)
