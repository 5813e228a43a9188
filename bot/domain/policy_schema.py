"""The JSON Schema of `dbaccess.toml`: what an editor needs to complete and check it.

It is made from the models that the file is read with, and is as strict as they are where JSON
Schema can be. What it cannot say (a `min_duration` longer than `max_duration`, say) is still told
when the file is read.
"""

import json
from copy import deepcopy
from datetime import timedelta
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from bot.domain.durations import show_duration
from bot.domain.policy import NOT_INHERITED, Policy

_UUID = r"^[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}$"
_OCTET = r"(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_PATTERNS = {
    "uuid": _UUID,
    "ipv4network": rf"^{_OCTET}(\.{_OCTET}){{3}}(/(3[0-2]|[12]?[0-9]))?$",
}


class _AsTyped(GenerateJsonSchema):
    """Shows defaults as they would be typed, and leaves out titles that repeat the key."""

    def encode_default(self, dft: Any) -> Any:
        if isinstance(dft, timedelta):
            return show_duration(dft)
        if isinstance(dft, BaseModel):
            return {name: self.encode_default(one) for name, one in dft if one is not None}
        return super().encode_default(dft)

    def field_title_should_be_set(self, schema: Any) -> bool:
        del schema
        return False


def policy_schema() -> dict[str, Any]:
    """Return the schema, as a document of JSON Schema 2020-12."""
    schema = Policy.model_json_schema(schema_generator=_AsTyped)
    definitions = schema["$defs"]
    cluster = definitions["ClusterPolicy"]
    _take_no_null(cluster["properties"]["emergency"])
    _take_no_null(cluster["properties"]["sessions"])
    _take_no_null(definitions["SessionPolicy"]["properties"]["idle"])
    _take_no_null(definitions["Retention"]["properties"]["personal"])
    _take_no_null(definitions["Issuer"]["properties"]["jwks_url"])
    for key in ("requesters", "machines", "sources"):  # empty if unset, and never to be written so
        del definitions["AutoApproval"]["properties"][key]["default"]
    _take_no_null(schema["properties"]["stream"])
    inherited = [key for key in cluster["required"] if key not in NOT_INHERITED]
    cluster["required"] = [key for key in cluster["required"] if key in NOT_INHERITED]
    definitions["Defaults"] = _defaults(cluster)
    for part in (schema, *definitions.values()):
        part.pop("title", None)
        _add_patterns(part)
    schema["properties"]["defaults"] = {"$ref": "#/$defs/Defaults"}
    for by_name in ("clusters", "machines"):
        schema["properties"][by_name]["additionalProperties"] = False
    schema["allOf"] = [_in_defaults_or_in_each_cluster(key) for key in inherited]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "dbaccess.toml",
        **schema,
    }


def policy_schema_text() -> str:
    """Return the schema as the text of its file."""
    return json.dumps(policy_schema(), indent=2, ensure_ascii=False) + "\n"


def _defaults(cluster: dict[str, Any]) -> dict[str, Any]:
    defaults = deepcopy(cluster)
    del defaults["required"]
    for key in NOT_INHERITED:
        del defaults["properties"][key]
    defaults["description"] = "Every cluster inherits these and may override any."
    return defaults


def _in_defaults_or_in_each_cluster(key: str) -> dict[str, Any]:
    return {
        "anyOf": [
            {"required": ["defaults"], "properties": {"defaults": {"required": [key]}}},
            {"properties": {"clusters": {"additionalProperties": {"required": [key]}}}},
        ]
    }


def _take_no_null(optional: dict[str, Any]) -> None:
    """TOML has no null: what is not there is left out."""
    [present] = [one for one in optional.pop("anyOf") if one.get("type") != "null"]
    del optional["default"]
    optional |= present


def _add_patterns(part: dict[str, Any]) -> None:
    """Say by a pattern what most editors do not check by its `format`."""
    for value in part.get("properties", {}).values():
        for one in (value, value.get("items", {})):
            if one.get("format") in _PATTERNS:
                one["pattern"] = _PATTERNS[one.pop("format")]
