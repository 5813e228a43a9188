"""The key that was meant where a misspelt one stands."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from bot.domain.policy import Policy
from bot.domain.policy_lines import KeyPath

_SIMILAR = 70  # of 100


def did_you_mean(key: str, known: Iterable[str]) -> str:
    """Return ", did you mean approvals?", or nothing where no known key is near."""
    from rapidfuzz import fuzz, process

    near = process.extractOne(key, list(known), scorer=fuzz.ratio, score_cutoff=_SIMILAR)
    return f", did you mean {near[0]}?" if near else ""


def keys_beside(path: KeyPath) -> list[str]:
    """Return the keys that `dbaccess.toml` may have where *path* is; none where it has no table."""
    schema = _schema()
    table: Mapping[str, Any] = schema
    for part in path[:-1]:
        table = _resolved(_inside(table, part), schema["$defs"])
    return list(table.get("properties", ()))


def _inside(table: Mapping[str, Any], part: str | int) -> Mapping[str, Any]:
    if isinstance(part, int):
        return dict(table.get("items", {}))
    of_any_name = [*table.get("patternProperties", {}).values(), {}][0]
    return dict(table.get("properties", {}).get(part, of_any_name))


def _resolved(schema: Mapping[str, Any], defined: Mapping[str, Any]) -> Mapping[str, Any]:
    one = next((each for each in schema.get("anyOf", ()) if "$ref" in each), schema)
    return dict(defined[one["$ref"].rpartition("/")[2]]) if "$ref" in one else one


@cache
def _schema() -> dict[str, Any]:
    return Policy.model_json_schema()
