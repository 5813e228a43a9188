"""Requests are read as they were written, whoever decided on them."""

from datetime import timedelta
from typing import Any

import pytest

from bot.domain.actors import Actor
from bot.domain.lifecycle import Decision, Verdict
from bot.domain.refusals.clusters import OpenCluster
from bot.store import requests
from bot.store.database import Database
from tests.domain import examples
from tests.domain.examples import HOUR, NOW

FOR_A_MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("approver", "reason"),
    [
        ("U0ALICE", '{"code": "open_cluster", "cluster": "orders"}'),
        (Actor.DBACCESS, OpenCluster(cluster="orders")),
        (Actor.DBACCESS, "what an earlier version wrote"),
        (Actor.DBACCESS, '{"code": "a_later_one"}'),
    ],
)
def test_why_a_request_was_denied_is_read_as_it_was_written(
    database: Database, approver: str, reason: Any
) -> None:
    with database.transaction() as session:
        asked = requests.add(
            session,
            examples.request(
                id=requests.NEXT, requester="U0RITA", created_at=NOW, lapses_at=NOW + HOUR
            ),
        )
        denial = Decision(approver, Verdict.DENY, NOW + FOR_A_MINUTE, reason)
        requests.save(session, asked.decide(denial, approvals_needed=1))

    with database.reading() as session:
        read = requests.look_at(session, asked.id)
    assert read is not None
    assert read.denial_reason == reason
