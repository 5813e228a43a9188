"""A rate limit: so many within a window that moves along, each for themselves."""

from bot.rate_limit import RateLimit


class Seconds:
    """Seconds that only a test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_one_more_than_the_most_has_to_wait_for_the_first_to_be_over() -> None:
    elapsed = Seconds()
    limit = RateLimit(2, 60.0, elapsed)
    assert limit.seconds_to_wait("a") == 0
    elapsed.now = 20.5
    assert limit.seconds_to_wait("a") == 0

    assert limit.seconds_to_wait("a") == 40
    assert limit.seconds_to_wait("b") == 0
    elapsed.now = 60.0
    assert limit.seconds_to_wait("a") == 0
    assert limit.seconds_to_wait("a") == 21


def test_who_was_refused_is_not_counted_and_who_is_gone_is_forgotten() -> None:
    elapsed = Seconds()
    limit = RateLimit(1, 60.0, elapsed)
    for name in map(str, range(1_000)):
        limit.seconds_to_wait(name)
        limit.seconds_to_wait(name)

    elapsed.now = 60.0
    assert limit.seconds_to_wait("0") == 0

    assert len(limit._done) == 1
