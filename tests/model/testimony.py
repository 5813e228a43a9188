"""Whether the audit tells of the writes that were, and of no others (P6)."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from bot.domain.audit_actions import Action
from bot.domain.personal_fields import Sealed
from bot.domain.sources import GUARD, TrustedSource
from tests.model.faults import Fault
from tests.model.search import Violation

Put = tuple[frozenset[TrustedSource | None], Fault | None]


def judge_audit(rows: Iterable[Mapping[str, Any]], puts: Iterable[Put]) -> Violation | None:
    """Return what is wrong with the audit rows of one look.

    Args:
        rows: those that it wrote.
        puts: the PUTs that it sent and that were not definitely refused, each with what it added
            and what became of it.
    """
    sent = list(puts)
    for row in rows:
        if row["action"] != Action.RULES_WRITTEN:
            continue
        personal = Sealed(json.loads(row["commitments"]), json.loads(row["personal"])).values
        added = set(personal["added"])
        is_certain = json.loads(row["detail"]).get("certain", True)
        fitting = [
            put
            for put in sent
            if _names(put[0]) == added and not (is_certain and put[1] is Fault.LOST_UNDONE)
        ]
        if not fitting:
            how = "for certain " if is_certain else "perhaps "
            words = f"the audit tells of a write that {how}added {sorted(added)}: there was none"
            return Violation("P6 a write that never was", words)
        sent.remove(fitting[0])
    return None


def _names(sources: Iterable[TrustedSource | None]) -> set[str]:
    return {str(source) for source in sources if source != GUARD}
