"""Why: which keys of dbaccess.toml decide about a command, and on which lines they stand."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from bot.access.trial import Outcome, Result
from bot.domain.durations import show_duration
from bot.domain.notices import RequestFacts
from bot.domain.people import Person, Standing, is_named
from bot.domain.policy import ClusterPolicy, Policy
from bot.domain.policy_keys import deciding_keys
from bot.domain.policy_lines import PolicyLines, Setting
from bot.domain.refusals.any_refusal import AnyRefusal
from bot.domain.refusals.clusters import NoSuchCluster

_BUILT_IN = "built-in default"


@dataclass(frozen=True)
class Reason:
    """A key that decides: its name in the file, its value, and `file:line`; perhaps a note."""

    key: str
    value: str
    place: str
    note: str = ""


class Reasons:
    """Finds the keys that decide, in one file."""

    def __init__(self, policy: Policy, file: Path) -> None:
        self._policy = policy
        self._file = file
        self._lines = PolicyLines(file.read_text(encoding="utf-8"))

    def of_refusal(self, refusal: AnyRefusal, cluster: str | None) -> list[Reason]:
        """Return the keys by which something is refused; none where no setting would change it."""
        keys = deciding_keys(refusal)
        if isinstance(refusal, NoSuchCluster):
            cluster = refusal.typed.lower()
            if cluster not in self._policy.clusters:
                return []
        clusters = [cluster] if cluster else list(self._policy.clusters)
        return [self._reason(alias, key) for alias in clusters for key in keys]

    def of_request(self, outcome: Outcome, request: RequestFacts, person: Person) -> list[Reason]:
        """Return the keys because of which a request would be approved, or has to be."""
        alias, cluster = request.cluster, self._policy.clusters[request.cluster]
        if outcome.result is Result.EMERGENCY:
            keys = ("emergency.requesters", "emergency.max_duration", "approvers")
            return [self._reason(alias, key) for key in keys]
        written = list(self._written(alias, cluster, request, person))
        if outcome.result is Result.AUTO:
            return written[-1:]
        keys = ("approvals", "approvers", "max_duration")
        reasons = [self._reason(alias, key) for key in keys]
        if not cluster.self_approval and is_named(person, cluster.approvers):
            note = f"{person.id} can't approve it"
            reasons.append(self._reason(alias, "self_approval", note=note))
        return [*reasons, *written]

    def of_machines(self, alias: str, number: int) -> Reason:
        """Return which machines one of a cluster's written policies is for."""
        return self._reason(alias, "auto_approve", number, "machines")

    def _written(
        self, alias: str, cluster: ClusterPolicy, request: RequestFacts, person: Person
    ) -> Iterator[Reason]:
        """Yield the written policies up to the one that covers a request, each with why."""
        who = person.id if person.standing is Standing.MACHINE else person
        for number, approval in enumerate(cluster.auto_approve):
            exceeded = approval.exceeded_key(who, request.source, request.duration)
            if exceeded is None:
                yield self._reason(alias, "auto_approve", number, note="covers it")
                return
            note = "doesn't cover it"
            yield self._reason(alias, "auto_approve", number, exceeded, note=note)

    def _reason(self, alias: str, *key: str | int, note: str = "") -> Reason:
        path = tuple(part for name in key for part in _split(name))
        setting = self._lines.setting(alias, *path)
        if setting.line is None and len(path) > 1:  # a key of a table that is not there
            path = path[:1]
            setting = self._lines.setting(alias, *path)
        value = setting.value
        if setting.line is None:
            value = _built_in(self._policy.clusters[alias], path)
        if setting.is_inherited:
            note = ", ".join(filter(None, ["inherited", note]))
        return Reason(_name(setting), _shown(value), self._place(setting), note)

    def _place(self, setting: Setting) -> str:
        if setting.line is None:
            return _BUILT_IN
        return f"{self._file}:{setting.line}"


def _split(name: str | int) -> tuple[str | int, ...]:
    return tuple(name.split(".")) if isinstance(name, str) else (name,)


def _name(setting: Setting) -> str:
    """Return a key as it is written in full, with the number of a table among several, from 0."""
    name = ""
    for part in setting.path:
        name += f"[{part}]" if isinstance(part, int) else f".{part}"
    return name.removeprefix(".")


def _built_in(cluster: ClusterPolicy, path: tuple[str | int, ...]) -> Any:
    return getattr(cluster, str(path[0]))


def _shown(value: Any) -> str:
    """Return a value as TOML has it; nothing for a table, whose keys stand below."""
    if isinstance(value, timedelta):
        value = show_duration(value)
    if value is None:
        return "not set"
    if isinstance(value, tuple):
        value = list(value)
    if isinstance(value, dict) or (isinstance(value, list) and any(map(_is_table, value))):
        return ""
    return json.dumps(value, ensure_ascii=False)


def _is_table(value: Any) -> bool:
    return isinstance(value, dict)
