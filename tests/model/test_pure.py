"""The worker around `plan`: each small scope is searched to its end, and nothing is found.

`python -m tests.model` searches deeper, for as long as one likes.
"""

import pytest

from tests.model.installation import Installation
from tests.model.scope import Scope
from tests.model.scopes import SMALL
from tests.model.search import search


@pytest.mark.parametrize("scope", SMALL, ids=lambda scope: scope.name)
def test_every_story_of_a_scope_ends_well(scope: Scope) -> None:
    result = search(Installation(scope), stop_at=0)
    assert result.stories == [], "\n\n".join(map(str, result.stories))
    assert result.complete, f"not searched to the end: {result}"
