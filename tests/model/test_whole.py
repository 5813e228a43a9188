"""The real reconciler on a real database: each scope is searched to its end, and nothing is found.

A look of the worker takes some 15 ms here, so the scopes are smaller than those of the pure model.
What that does step by step must come to the same.
"""

from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import Any

import pytest

from bot.domain.lifecycle import Grant
from tests.model import pure, whole
from tests.model.installation import Installation
from tests.model.scope import Scope
from tests.model.scopes import WHOLE
from tests.model.search import search
from tests.model.stage import silence
from tests.model.truth import Entries, own_label

FEWEST_OUTLINES = 4


@pytest.fixture(autouse=True)
def _nothing_is_logged() -> Iterator[None]:
    with silence():
        yield


@pytest.mark.parametrize("scope", WHOLE, ids=lambda scope: scope.name)
def test_every_story_of_a_scope_ends_well(scope: Scope) -> None:
    reached: set[Any] = set()
    with closing(whole.Company(scope)) as company:

        def visit(state: whole.State) -> None:
            reached.add(_outline(state.outside.entries, company.rows_of(state)))

        result = search(company, stop_at=0, visit=visit)

    assert result.stories == [], "\n\n".join(map(str, result.stories))
    assert result.complete, f"not searched to the end: {result}"
    if scope.workers == 1:  # of two, the one that takes over is disturbed by nobody here
        assert reached == _reached_by_pure(scope), (
            "the pure model does not do as the reconciler does"
        )
        assert len(reached) >= FEWEST_OUTLINES


def _reached_by_pure(scope: Scope) -> set[Any]:
    reached: set[Any] = set()

    def visit(state: pure.State) -> None:
        if state.is_at_rest:
            reached.add(_outline(state.outside.entries, state.own_rows))

    assert search(Installation(scope), stop_at=0, visit=visit).complete
    return reached


def _outline(entries: Entries, rows: Iterable[Grant]) -> Any:
    """Return what counts of a state at rest: whose rules there are, and how the grants stand."""
    listed = tuple(
        (entry.rule.value, own_label(entry.rule) is not None, entry.ours, entry.theirs)
        for entry in entries
    )
    return listed, tuple((row.id, row.state, bool(row.owned)) for row in rows)
