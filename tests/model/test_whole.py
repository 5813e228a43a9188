"""The real reconciler on a real database: each scope is searched to its end, and nothing is found.

A look of the worker takes some 15 ms here, so the scopes are smaller than those of the pure model.
"""

from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.model.scope import Scope
from tests.model.scopes import WHOLE
from tests.model.search import search
from tests.model.stage import silence
from tests.model.whole import Company


@pytest.fixture(autouse=True)
def _nothing_is_logged() -> Iterator[None]:
    with silence():
        yield


@pytest.mark.parametrize("scope", WHOLE, ids=lambda scope: scope.name)
def test_every_story_of_a_scope_ends_well(scope: Scope) -> None:
    with closing(Company(scope)) as company:
        result = search(company, stop_at=0)
    assert result.stories == [], "\n\n".join(map(str, result.stories))
    assert result.complete, f"not searched to the end: {result}"
