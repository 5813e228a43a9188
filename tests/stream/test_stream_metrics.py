"""What monitoring sees of the stream."""

from collections.abc import Iterator

import pytest
from prometheus_client import CollectorRegistry

from bot.metrics import Metrics
from bot.store.database import Database
from tests.stream.senders import Sender
from tests.stream.siem import Siem, answers

STREAM = (
    "dbaccess_stream_lag_rows",
    "dbaccess_stream_lag_seconds",
    "dbaccess_stream_failing_seconds",
)


@pytest.fixture
def sender(database: Database, siem: Siem) -> Iterator[Sender]:
    sender = Sender(database, siem.url)
    yield sender
    sender.close()


def registry(sender: Sender) -> CollectorRegistry:
    metrics = Metrics(
        sender.database, sender.clock, has_stream=lambda: sender.policy.stream is not None
    )
    for outcome in sender.outcomes:
        metrics.note_stream(outcome)
    return metrics.registry


def test_the_lag_grows_while_the_receiver_is_away_and_is_gone_when_it_is_back(
    sender: Sender, siem: Siem
) -> None:
    def seen() -> list[float | None]:
        found = registry(sender)
        return [found.get_sample_value(name) for name in STREAM]

    assert seen() == [0, 0, 0]
    sender.write()
    sender.send()
    assert seen() == [0, 0, 0]
    siem.answer = answers(503)
    sender.write(2)
    sender.send()
    sender.clock.advance(minutes=5)
    assert seen() == [2, 300, 300]
    siem.answer = answers(200)
    sender.send()
    assert seen() == [0, 0, 0]

    found = registry(sender)
    counted = [
        found.get_sample_value("dbaccess_stream_deliveries_total", {"outcome": outcome})
        for outcome in ("delivered", "unreachable", "not_taken")
    ]
    assert counted == [3, 1, 0]


def test_without_a_stream_there_is_no_lag(sender: Sender) -> None:
    sender.write()
    with_stream, sender.policy = sender.policy, sender.policy.model_copy(update={"stream": None})
    assert registry(sender).get_sample_value(STREAM[0]) is None
    sender.policy = with_stream
    assert registry(sender).get_sample_value(STREAM[0]) == 1
