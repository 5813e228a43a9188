"""The whole model sees sessions: faults of ours at the end of access that are planted are found."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from sqlmodel import Session

from bot.reconcile.session_ends import SessionEnds
from bot.sessions.ending import SessionEnding
from bot.sessions.sparing import Sparing
from bot.store import jobs, session_ends
from bot.store.jobs import Job
from tests.model.scope import HERS, Left, Scope
from tests.model.search import search
from tests.model.stage import silence
from tests.model.whole import Company

ENDED = Scope("ended", Left(people=1), frozenset({"connect", "revoke"}), granted=10)
KILLED = Scope("killed", Left(people=1, losses=1), ENDED.may | {"crash"}, granted=10)
TRUSTED = Scope("trusted", Left(people=1, rivals=1), ENDED.may | {"add"}, granted=10)


@pytest.fixture(autouse=True)
def _nothing_is_logged() -> Iterator[None]:
    with silence():
        yield


def first_story(scope: Scope) -> str:
    with closing(Company(scope)) as company:
        result = search(company)
    assert result.stories, "the model is blind"
    return str(result.stories[0])


def test_p9_sessions_that_nobody_ends_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SessionEnds, "of_ended", lambda _self, notice: notice)

    story = first_story(ENDED)

    assert story.startswith(f"P9 stays connected: a session from {HERS} is never ended")
    assert f"somebody connects from {HERS}" in story


def test_p9_sessions_that_are_forgotten_by_a_crash_are_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = SessionEnding.handle

    def finish_first(self: SessionEnding, job: Job) -> Any:
        with self._database.transaction() as session:
            jobs.finish(session, job.id, self._clock.now(), jobs.Outcome.DONE)
        return real(self, job)

    def note(_session: Session, _job: Job, _end: Any) -> bool:
        return True

    monkeypatch.setattr(SessionEnding, "handle", finish_first)
    monkeypatch.setattr(session_ends, "note", note)

    story = first_story(KILLED)

    assert story.startswith("P9 stays connected")
    assert "dies" in story


def test_p9_a_session_that_is_cut_although_a_rule_lets_it_in_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def everybody(_self: Sparing, _cluster: str, _ended: Any, _networks: Any, there: Any) -> Any:
        return list(there)

    monkeypatch.setattr(Sparing, "strangers", everybody)

    assert first_story(TRUSTED).startswith(f"P9 cut off: the session from {HERS} is ended")
