"""Personal fields of the audit: what the chain holds of them is a digest, salted field by field.

The digest of a field goes into the chain (a commitment, in cryptography's word), and the field and
its salt do not. So both can be erased and the chain still holds; a field that is still there can be
verified by itself; and without the salt nobody can find out by guessing what an erased field said.
"""

import hashlib
import secrets
from collections.abc import Mapping
from typing import Any, NamedTuple

from bot.domain.canonical_json import encode, quoted

SALT_BYTES = 16  # 128 bits
_PAIR = 2  # a salt and a value
Fields = dict[str, Any]  # of each field, its salt and its value: two items


class Sealed(NamedTuple):
    """The personal fields of a row: `commitments` stay, `fields` may be erased, all or some.

    `fields` has each field's salt (hexadecimal) and value; None once all are erased.
    """

    commitments: dict[str, str]
    fields: Fields | None

    @property
    def erased(self) -> frozenset[str]:
        """The names of the fields that are erased."""
        return frozenset(self.commitments).difference(self.fields or ())

    @property
    def is_erased(self) -> bool:
        """Whether any field is erased."""
        return not self.commitments.keys() <= (self.fields or {}).keys()

    @property
    def values(self) -> dict[str, Any]:
        """What the fields say that are still there."""
        fields = (self.fields or {}).items()
        return {name: field[-1] for name, field in fields if _is_pair(field)}

    @property
    def salts(self) -> dict[str, Any]:
        """The salts of the fields that are still there."""
        fields = (self.fields or {}).items()
        return {name: field[0] for name, field in fields if _is_pair(field)}

    @property
    def holds(self) -> bool:
        """Whether each field that is still there says what was committed to."""
        try:
            for name, (salt, value) in (self.fields or {}).items():
                if self.commitments.get(name) != commitment(salt, value):
                    return False
        except (TypeError, ValueError):  # somebody wrote there what is no field
            return False
        return True


def sealed(commitments: Any, fields: Any) -> Sealed:
    """Return the personal fields of a row as they stand there, whatever does."""
    as_written = isinstance(fields, dict | None) and isinstance(commitments, dict)
    if not as_written:  # by somebody else: nothing was committed to
        return Sealed({}, {"": fields})
    return Sealed(commitments, fields)


def commitments_of(fields: Mapping[str, Any]) -> str:
    """Return what was committed to, as JSON, if *fields* are in the order of that.

    Raises:
        TypeError, ValueError: they are no fields.
    """
    made = [f'{quoted(name)}:"{commitment(*field)}"' for name, field in fields.items()]
    return f"{{{','.join(made)}}}"


def seal(values: Mapping[str, Any]) -> Sealed:
    """Return the personal fields of a new row, each with a salt of its own.

    Args:
        values: plain JSON values by the names of their fields.
    """
    fields = {name: (secrets.token_hex(SALT_BYTES), value) for name, value in values.items()}
    commitments = {name: commitment(salt, value) for name, (salt, value) in fields.items()}
    return Sealed(commitments, fields or None)


def _is_pair(field: Any) -> bool:
    return isinstance(field, list | tuple) and len(field) == _PAIR


def commitment(salt: str, value: Any) -> str:
    """Return the salted digest of a field: SHA-256 of the salt, a line break, the value as JSON."""
    return hashlib.sha256(f"{salt}\n{encode(value)}".encode()).hexdigest()
