"""A rule: a trusted source as DigitalOcean's API holds it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.domain.labels import Label, guard_label, is_rest_of_label, read_label
from bot.domain.sources import GUARD, TrustedSource, normal_source


@dataclass(frozen=True)
class Rule:
    """A trusted source as the API holds it; `uuid` and `created_at` are the API's to give.

    `as_read` is the JSON object that the API returned, unknown fields included, so that a rule can
    be sent back exactly as it was read. Equality is by the fields that dbaccess knows.
    """

    type: str
    value: str
    uuid: str | None = None
    description: str | None = None
    created_at: datetime | None = None
    as_read: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def source(self) -> TrustedSource | None:
        """The source in its normal form; None if dbaccess does not know its type."""
        return normal_source(self.type, self.value)

    def label_of(self, instance: str) -> Label | None:
        """Return its label, if the installation *instance* wrote one."""
        its_label = read_label(self.description)
        return its_label if its_label and its_label.instance == instance else None

    def is_guard(self, instance: str) -> bool:
        """Tell whether it is the guard rule of the installation *instance* (P2)."""
        if self.source != GUARD:
            return False
        is_cut = is_rest_of_label(self.description, instance)
        return self.description == guard_label(instance) or is_cut
