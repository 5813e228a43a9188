"""Workers in processes of their own: killed between a row and the cursor, and two at once."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from bot.domain.audit_actions import Action
from bot.store import audit, stream
from bot.store.database import Database
from tests.processes import CONFIG, Place, Process
from tests.storage import Storage
from tests.stream.siem import SECRET, Answer, Siem, answers
from tests.waiting import eventually

ROWS = 150  # more than are sent between two writes of the cursor
AT = 42


@pytest.fixture
def place(tmp_path: Path, storage: Storage, siem: Siem) -> Iterator[Place]:
    storage.prepare()
    place = Place(tmp_path, storage)
    place.configure(CONFIG + f'\n[stream]\nurl = "{siem.url}"\n')
    with place.slack, place.digitalocean:
        yield place
        for process in place.processes:
            if process.lives:
                process.kill()


@pytest.fixture
def filled(database: Database) -> Database:
    with database.transaction() as session:
        for _ in range(ROWS):
            audit.record(session, Action.REQUESTED, at=datetime.now(UTC), actor="U0RITA")
    return database


def worker(place: Place) -> Process:
    return place.begin("worker", DBACCESS_STREAM_SECRET=SECRET)


def newest(database: Database) -> int:
    with database.reading() as session:
        return audit.newest(session).number


def is_delivered(database: Database) -> bool:
    with database.reading() as session:
        cursor = stream.cursor(session)
        return cursor.number >= ROWS and not stream.lag(session, cursor).rows


def test_a_kill_between_a_row_and_the_cursor_leaves_no_gap(
    place: Place, filled: Database, siem: Siem
) -> None:
    """The receiver has row 42, and the process dies before it knows."""
    running: list[Process] = []

    def write(request: Any) -> None:
        if siem.arrivals[-1].number == AT and len(running) == 1:
            running[0].kill()
        answers(200).write(request)

    siem.answer = Answer(200, write)
    running.append(worker(place))
    eventually(lambda: not running[0].lives)
    assert siem.numbers == list(range(1, AT + 1))

    running.append(worker(place))
    eventually(lambda: is_delivered(filled))

    again = siem.numbers[AT:]
    assert again == list(range(again[0], newest(filled) + 1))
    assert again[0] <= AT
    one, other = (arrival for arrival in siem.taken if arrival.number == AT)
    assert one.headers["webhook-id"] == other.headers["webhook-id"]
    assert one.body == other.body


@pytest.mark.parametrize("storage", ["postgresql"], indirect=True)
def test_two_workers_send_each_row_once_and_in_order_and_one_goes_on_for_the_other(
    place: Place, filled: Database, siem: Siem
) -> None:
    workers = [worker(place), worker(place)]
    eventually(lambda: len(siem.taken) > AT)
    assert all(one.lives for one in workers)
    eventually(lambda: is_delivered(filled))
    assert siem.numbers == sorted(set(siem.numbers))

    workers[0].kill()
    for _ in range(5):
        with filled.transaction() as session:
            audit.record(session, Action.REQUESTED, at=datetime.now(UTC), actor="U0RITA")
    eventually(lambda: is_delivered(filled))

    assert all(later == earlier + 1 for earlier, later in pairwise(siem.numbers))
    assert siem.numbers[-1] == newest(filled)
