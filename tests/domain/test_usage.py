"""What looking now and then can tell about whether access is used, and what it cannot."""

from datetime import UTC, datetime, timedelta

from bot.domain.usage import GAP, Usage

OPENED = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return OPENED + timedelta(minutes=minutes)


def looked(*found: tuple[float, bool], first: Usage | None = None) -> Usage:
    """Return what is known after looks at these minutes, each of which found somebody or nobody."""
    usage = first or Usage.of_opened(1, OPENED)
    for minutes, is_connected in found:
        usage = usage.look(at(minutes), is_connected=is_connected)
    return usage


def test_nobody_was_seen_since_it_opened() -> None:
    usage = looked((1, False), (2, False), (5, False))

    assert usage.never_seen_until == at(5)
    assert usage.unseen_since == OPENED


def test_who_was_seen_once_is_never_forgotten() -> None:
    usage = looked((1, False), (2, True), (3, False), (4, False))

    assert usage.never_seen_until is None
    assert usage.seen_at == usage.unseen_since == at(2)


def test_while_somebody_is_connected_it_is_not_idle() -> None:
    assert looked((1, False), (2, True)).unseen_since is None


def test_after_a_gap_nothing_is_known_of_before() -> None:
    gap = GAP / timedelta(minutes=1)

    usage = looked((1, False), (1 + gap + 0.1, False), (2 + gap, False))

    assert usage.never_seen_until is None
    assert usage.unseen_since == at(1 + gap + 0.1)


def test_who_disconnected_within_a_gap_may_have_done_so_at_its_end() -> None:
    assert looked((1, True), (9, False)).unseen_since == at(9)


def test_of_what_was_open_before_anybody_looked_it_is_never_said_that_nobody_connected() -> None:
    usage = looked((1, False), (2, False), first=Usage.of_unwatched(1, OPENED))

    assert usage.never_seen_until is None
    assert usage.unseen_since == OPENED


def test_a_look_that_comes_late_and_found_nobody_changes_nothing() -> None:
    before = looked((2, False))

    assert before.look(at(1), is_connected=False) == before


def test_whoever_a_late_look_found_was_there_all_the_same() -> None:
    """The clocks of two workers differ a little, or one look took longer than the next."""
    usage = looked((2, False), (1, True))

    assert usage.never_seen_until is None
    assert (usage.seen_at, usage.looked_at) == (at(1), at(2))
    assert looked((2, False), (1, True), (3, False)).unseen_since == at(1)
    assert looked((2, True), (3, False), (1, True)) == looked((2, True), (3, False))


def test_a_clock_that_was_set_back_is_a_gap() -> None:
    """Otherwise no look would count until the time is again what it was wrongly thought to be."""
    usage = looked((60, False), (5, False))

    assert usage.never_seen_until is None
    assert usage.looked_at == usage.unseen_since == at(5)
    assert looked((60, False), (5, True)).seen_at == at(5)
