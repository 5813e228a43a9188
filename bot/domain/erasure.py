"""What stands in the place of personal data that was erased."""

from collections.abc import Iterable

from bot.domain.actors import Actor

ERASED = "erased"
_NOT_PEOPLE = frozenset(Actor)


def is_erased(name: str) -> bool:
    """Tell whether a name stands for somebody whose own was erased."""
    return name.partition(" ")[0] == ERASED


def stand_ins(names: Iterable[str | None]) -> dict[str | None, str | None]:
    """Return what to write in the place of each of these names, those of one request.

    It still shows who of them was the same person (who approved their own request, say), but not
    across requests. Who is nobody in particular, like `policy`, stays.
    """
    found: dict[str | None, str | None] = {None: None}
    people = 0
    for name in names:
        if name in found:
            continue
        if name in _NOT_PEOPLE or (name and is_erased(name)):
            found[name] = name
            continue
        people += 1
        found[name] = ERASED if people == 1 else f"{ERASED} {people}"
    return found
