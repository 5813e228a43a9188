"""The scopes that are searched: small ones in CI, to their end, and deep ones for an hour."""

from dataclasses import replace

from tests.model.faults import Fault
from tests.model.scope import HERS, HIS, OFFICE, Left, Planted, Scope
from tests.model.truth import Nature

_ALONE = (((OFFICE, "office"),),)
_TRUSTED_BEFORE = (((OFFICE, "office"), (HERS, None)),)

# The faults of issue T1, each in the smallest scope that shows it.
T1 = {
    "dies between begin and read": Scope(
        "T1 crash", Left(people=1, rivals=1, losses=1), frozenset({"ask", "crash", "add"})
    ),
    "403 and then by hand": Scope(
        "T1 refusal", Left(people=1, rivals=1, faults=1), frozenset({"ask", "add"})
    ),
    "revoked during the first look": Scope(
        "T1 revoke", Left(people=2, rivals=1), frozenset({"ask", "revoke", "add"})
    ),
    "Terraform applies the same list again": Scope(
        "T1 terraform",
        Left(people=2, rivals=1, losses=1),
        frozenset({"ask", "revoke", "crash", "terraform"}),
        lists=_TRUSTED_BEFORE,
    ),
    "a foreign rule vanishes in its first minute": Scope(
        "T1 vanished",
        Left(people=1, rivals=2, faults=1),
        frozenset({"ask", "add", "remove"}),
        lists=_TRUSTED_BEFORE,
    ),
    "two workers, one frozen": Scope(
        "T1 frozen", Left(people=1, rivals=1, freezes=1), frozenset({"ask", "add"}), workers=2
    ),
}
_AS_IT_WAS = Planted(notes_at_begin=True, keeps_notes=True, guesses_freely=True)
PLANTED = {name: replace(scope, planted=_AS_IT_WAS) for name, scope in T1.items()}

_RIVALS = frozenset({"add", "add described", "remove", "doctl", "old doctl", "terraform"})
_PEOPLE = frozenset({"ask", "revoke", "extend"})
_BOTH = _ALONE + _TRUSTED_BEFORE

SMALL = [
    *T1.values(),
    Scope("people and one rival", Left(people=2, rivals=1), _PEOPLE | _RIVALS, lists=_BOTH),
    Scope(
        "one rival, after a while",
        Left(people=2, rivals=1, times=1),
        frozenset({"ask", "revoke", "add", "doctl", "terraform"}),
    ),
    Scope("two rivals", Left(people=1, rivals=2), frozenset({"ask"}) | _RIVALS),
    Scope(
        "faults and a crash",
        Left(people=2, faults=2, losses=1),
        _PEOPLE | {"crash"},
        lists=_BOTH,
    ),
    Scope(
        "two who ask",
        Left(people=2, rivals=1, faults=1),
        frozenset({"ask", "doctl"}),
        lent=(HERS, HIS),
    ),
    Scope(
        "held on a guess, and revoked",
        Left(people=2, rivals=2, faults=1),
        frozenset({"ask", "revoke", "doctl", "old doctl"}),
        faults=(Fault.UNPROCESSABLE,),
    ),
    Scope(
        "a lost or restored database",
        Left(people=2, rivals=1, losses=2),
        frozenset({"ask", "revoke", "extend", "lose", "restore", "doctl"}),
        minutes=(10, 60),
    ),
    Scope(
        "adoptions",
        Left(people=2, rivals=1, faults=1, losses=1),
        frozenset({"adopt", "revoke", "crash", "lose", "doctl", "remove"}),
        lists=_TRUSTED_BEFORE,
    ),
    Scope(
        "two workers",
        Left(people=2, rivals=1, freezes=1),
        frozenset({"ask", "revoke", "add", "doctl"}),
        workers=2,
    ),
    Scope(
        "the last rule",
        Left(people=2, rivals=2),
        frozenset({"ask", "revoke", "remove", "doctl", "empty"}),
        touched=(OFFICE, HERS),
    ),
    Scope(
        "what others take away is put back",
        Left(people=1, rivals=2, times=1),
        frozenset({"ask", "revoke", "remove", "doctl"}),
        restore=True,
    ),
    Scope(
        "the same number on another cluster",
        Left(people=2, rivals=1, times=1, losses=1),
        frozenset({"ask", "ask elsewhere", "lose", "doctl"}),
        besides=(),
    ),
    Scope(
        "stale reads and late writes",
        Left(people=2, rivals=1, faults=2),
        frozenset({"ask", "revoke", "doctl"}),
        faults=(Fault.BEHIND, Fault.LOST_LATE, Fault.LOST_UNDONE),
        besides=(),
    ),
    *(
        Scope(
            f"an API that {how}",
            Left(people=1, rivals=1, faults=1, times=1),
            frozenset({"ask", "doctl", "add", "remove"}),
            nature=nature,
        )
        for how, nature in {
            "gives new uuids at each write": Nature(keeps_uuids=False),
            "takes uuids that are gone": Nature(revives=True),
            "cuts descriptions": Nature(label_length=30),
            "keeps no description": Nature(label_length=0),
        }.items()
    ),
]
_AGAIN = ((OFFICE, HERS),)  # Terraform's list, which it applies again
WHOLE = [
    Scope(
        "a crash, and a person's hand",
        Left(rivals=1, losses=1),
        frozenset({"crash", "add"}),
        granted=10,
    ),
    Scope(
        "a refusal, and a person's hand",
        Left(rivals=1, faults=1),
        frozenset({"add"}),
        granted=10,
    ),
    Scope(
        "a revoke, and a person's hand",
        Left(people=1, rivals=1),
        frozenset({"revoke", "add"}),
        granted=10,
    ),
    Scope(
        "Terraform, a revoke, a crash",
        Left(people=1, rivals=1, losses=1),
        frozenset({"revoke", "crash", "terraform"}),
        granted=10,
        lists=_TRUSTED_BEFORE,
        configurations=_AGAIN,
    ),
    Scope(
        "a foreign rule that vanishes",
        Left(rivals=2, faults=1),
        frozenset({"add", "remove"}),
        granted=10,
        lists=_TRUSTED_BEFORE,
        faults=(Fault.FORBIDDEN,),
    ),
    Scope(
        "two workers, one frozen",
        Left(people=1, rivals=1, freezes=1),
        frozenset({"revoke", "add"}),
        granted=10,
        workers=2,
    ),
    Scope(
        "a session, a revoke, a crash",
        Left(people=1, losses=1),
        frozenset({"connect", "revoke", "crash"}),
        granted=10,
        per_look=1,
    ),
    Scope(
        "a lost database, and asked again",
        Left(people=1, losses=1),
        frozenset({"ask", "lose"}),
        granted=60,
    ),
]

# What `make model` searches: those that come to an end in minutes, and those that never do.
DEEP = [
    Scope("two rivals, asked and revoked", Left(people=2, rivals=2, faults=1), _PEOPLE | _RIVALS),
    Scope(
        "faults, a rival and a crash",
        Left(people=2, rivals=1, faults=2, losses=1),
        frozenset({"ask", "revoke", "crash", "doctl", "add", "remove"}),
        lists=_BOTH,
        faults=tuple(Fault),
    ),
    Scope(
        "two workers, two rivals and a fault",
        Left(people=2, rivals=2, faults=1, freezes=1),
        frozenset({"ask", "revoke", "add", "doctl"}),
        workers=2,
    ),
    Scope(
        "databases that are lost and restored",
        Left(people=2, rivals=1, faults=1, times=1, losses=3),
        frozenset({"ask", "revoke", "extend", "crash", "lose", "restore", "doctl"}),
        minutes=(10, 60),
    ),
    Scope(
        "adoptions, rivals and a crash",
        Left(people=3, rivals=2, times=1, losses=1),
        frozenset({"ask", "adopt", "revoke", "crash", "lose", "doctl", "remove"}),
        lists=_TRUSTED_BEFORE,
    ),
    *(
        replace(scope, name=f"{scope.name}, deeper", left=Left(2, 2, 1, 1, 0, 0))
        for scope in SMALL
        if scope.name.startswith("an API that")
    ),
    Scope(
        "everybody",
        Left(people=3, rivals=3, faults=2, times=2, losses=1),
        _PEOPLE | _RIVALS | {"crash", "empty"},
        lists=_BOTH,
        touched=(HERS, OFFICE),
        faults=tuple(Fault),
    ),
    Scope(
        "everybody, and two who ask",
        Left(people=3, rivals=2, faults=1, times=1),
        _PEOPLE | _RIVALS,
        lent=(HERS, HIS),
        touched=(HERS, HIS),
    ),
]
DEEP_WHOLE = [
    Scope(
        "the whole: people and rivals",
        Left(people=2, rivals=2, times=1),
        frozenset({"ask", "revoke"}) | _RIVALS,
        lists=_BOTH,
        per_look=2,
    ),
    Scope(
        "the whole: every fault, and crashes",
        Left(people=2, rivals=1, faults=2, times=1, losses=1),
        frozenset({"ask", "revoke", "crash", "doctl", "add"}),
        faults=tuple(Fault),
        per_look=2,
    ),
    Scope(
        "the whole: lost and restored databases",
        Left(people=2, rivals=1, times=1, losses=2),
        frozenset({"ask", "revoke", "ask elsewhere", "lose", "restore", "doctl"}),
        minutes=(10, 60),
        per_look=2,
    ),
    Scope(
        "the whole: sessions",
        Left(people=1, rivals=1, faults=1, times=1, losses=1),
        frozenset({"connect", "revoke", "crash", "add"}),
        granted=10,
        faults=(Fault.NO_CONNECTION, Fault.UNREAD, Fault.LOST_UNDONE),
    ),
    Scope(
        "the whole: two workers",
        Left(people=2, rivals=1, faults=1, freezes=1),
        frozenset({"ask", "revoke", "add", "doctl"}),
        workers=2,
        per_look=2,
    ),
    Scope(
        "the whole: adoptions",
        Left(people=2, rivals=1, faults=1, times=1, losses=1),
        frozenset({"adopt", "revoke", "crash", "lose", "doctl", "remove"}),
        lists=_TRUSTED_BEFORE,
        per_look=2,
    ),
    *(
        replace(scope, name=f"the whole: {scope.name}", per_look=2)
        for scope in SMALL
        if scope.name.startswith("an API that")
    ),
]
