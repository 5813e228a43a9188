"""Deliveries: whether every job came to an end, and whether Slack has what is marked as done."""

import re
from collections import Counter
from collections.abc import Collection

from sqlmodel import col, select

from bot.slack.errors import INSTALLATION
from bot.store import outbox
from bot.store.jobs import Kind, Outcome
from bot.store.outbox import DeliveryMethod
from bot.store.tables import JobRow
from tests.scenarios.world import ALICE, APPROVALS, BOB, OPERATIONS, OSCAR, RITA, World

_PEOPLE = (RITA, ALICE, BOB, OSCAR)
_CHANNELS = (APPROVALS, OPERATIONS)
_NO_POST = "the message above it was not delivered"


class Deliveries:
    """Compares the jobs that are left with what Slack has, since the database was new."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._before = self._posted()

    def note_database_loss(self) -> None:
        """The database is gone, and with it what was owed."""
        self._before = self._posted()

    def check(self, fatal_codes: Collection[str]) -> None:
        """Check that nothing waits, and that nothing was lost but what Slack never took.

        Args:
            fatal_codes: those that Slack has answered with, and that never heal.
        """
        jobs = self._jobs()
        waiting = [job for job in jobs if job.finished_at is None]
        assert not waiting, f"P6: never finished: {_named(waiting)}"
        wrongly = [
            job for job in jobs if job.outcome == Outcome.FAILED and _is_wrong(job, fatal_codes)
        ]
        assert not wrongly, f"P6: given up for a reason that heals: {_named(wrongly)}"
        owed = self._marked_as_posted(jobs)
        posted = self._posted() - self._before
        assert owed <= posted, f"P6: Slack never took {owed - posted}"
        self._check_holders_heard(jobs)

    def by_outcome(self) -> Counter[str]:
        """Return how many jobs ended how."""
        return Counter(f"{job.kind} {job.outcome}" for job in self._jobs())

    def _check_holders_heard(self, jobs: Collection[JobRow]) -> None:
        """P6: whoever had access was told of it, by its number."""
        lost = {job.ordering_key for job in jobs if job.outcome == Outcome.FAILED}
        for grant in self._world.grants():
            if grant.is_recovered or grant.adopted or f"user:{grant.requester}" in lost:
                continue
            since = self._world.slack.dms(grant.requester)[self._before[grant.requester] :]
            heard = [said for message in since for said in message.all_versions]
            told = any(re.search(rf"#{grant.id}\b", said) for said in heard)
            assert told, f"P6: {grant.requester} never heard of #{grant.id}: {heard}"

    def _marked_as_posted(self, jobs: Collection[JobRow]) -> Counter[str]:
        """Count the messages that are marked as delivered, by the channel or person."""
        owed: Counter[str] = Counter()
        for job in jobs:
            method = job.payload.get("method")
            if job.kind != Kind.MESSAGE or job.outcome != Outcome.DONE:
                continue
            if method in (DeliveryMethod.UPDATE, DeliveryMethod.KEEP):
                continue  # it may have changed a message that counts already
            if job.payload.get("below") is not None:
                with self._world.service.components.database.reading() as session:
                    post = outbox.find_post(session, job.payload["below"])
                assert post is not None, f"P6: below nothing: {job}"
                owed[post.channel] += 1
            else:
                owed[job.payload["target"]] += 1
        return owed

    def _posted(self) -> Counter[str]:
        slack = self._world.slack
        people = {user: len(slack.dms(user)) for user in _PEOPLE}
        return Counter(people | {channel: len(slack.messages(channel)) for channel in _CHANNELS})

    def _jobs(self) -> list[JobRow]:
        with self._world.service.components.database.reading() as session:
            return list(session.exec(select(JobRow).order_by(col(JobRow.id))))


def _is_wrong(job: JobRow, fatal_codes: Collection[str]) -> bool:
    """Tell whether a job was given up though it would have healed."""
    if job.last_error in INSTALLATION:
        return True
    if job.last_error in fatal_codes or (job.last_error == _NO_POST and fatal_codes):
        return False
    assert job.finished_at is not None
    return job.finished_at < job.deadline  # else its patience is over


def _named(jobs: Collection[JobRow]) -> list[str]:
    return [f"{job.id} {job.kind} to {job.ordering_key}: {job.last_error}" for job in jobs]
