"""Refused: what a user can correct, as a code with plain values."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

from bot.domain.refusals.any_refusal import AnyRefusal


class Field(StrEnum):
    """The parts of a request, as the form has them."""

    CLUSTER = "cluster"
    SOURCE = "source"
    DURATION = "duration"
    REASON = "reason"


class Refused(Exception):
    """A command that cannot be carried out; `refusal` is why, put into words where words live.

    `field` is the part of a request that it is about, where it is about one. `others` are refused
    as well, for forms, which show everything at once; elsewhere the first is enough.
    """

    def __init__(self, refusal: AnyRefusal) -> None:
        super().__init__(refusal.code)
        self.refusal = refusal
        self.field: Field | None = None
        self.others: tuple[Refused, ...] = ()


class NamesClusters(Refused):
    """A refusal that names clusters: only for somebody who may see them."""


class NotYours(Refused):
    """Somebody with other rights could do this: the right is missing, not the sense."""


class NotTheCard(Refused):
    """A decision that was made anywhere but on the request's own card."""


class NoLongerHolds(Refused):
    """What was asked for or approved is no longer within the policy, or somebody's right (P4)."""


@contextmanager
def about(field: Field) -> Iterator[None]:
    """Mark what is refused inside as being about *field*, unless it names a field already."""
    try:
        yield
    except Refused as refused:
        refused.field = refused.field or field
        raise


class Problems:
    """Collects what is refused, part by part, so that all of it can be said at once."""

    def __init__(self) -> None:
        self._found: list[Refused] = []

    @contextmanager
    def about(self, field: Field) -> Iterator[None]:
        """Keep what is refused inside, as being about *field*, and go on behind it."""
        try:
            with about(field):
                yield
        except Refused as refused:
            self._found += [refused, *refused.others]

    def check(self) -> None:
        """Raise the first refusal, with the others that were kept; nothing if there is none."""
        if self._found:
            first, *others = self._found
            first.others = tuple(others)
            raise first
