"""Policy lines: on which line of `dbaccess.toml` each key stands, and whose key holds."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

KeyPath = tuple[str | int, ...]

DEFAULTS = "defaults"
CLUSTERS = "clusters"


@dataclass(frozen=True)
class Setting:
    """A key that holds for a cluster.

    Args:
        path: where it stands, as in `("defaults", "approvals")`; where it would stand if it is not
            in the file.
        line: its line, counted from 1; None: what dbaccess does without it.
        value: what it is in the file, as TOML's own types; None if it is not there.
    """

    path: KeyPath
    line: int | None
    value: Any = None

    @property
    def is_inherited(self) -> bool:
        """Whether the cluster has it from `[defaults]`."""
        return self.path[0] == DEFAULTS


class PolicyLines:
    """The keys of one file, which must be valid TOML."""

    def __init__(self, text: str) -> None:
        self._document = tomllib.loads(text)
        self._lines = key_lines(text)

    def setting(self, cluster: str, *key: str | int) -> Setting:
        """Return the key that holds for a cluster: its own, else that of `[defaults]`."""
        own = (CLUSTERS, cluster, *key)
        for path in (own, (DEFAULTS, *key)):
            if path in self._lines:
                return Setting(path, self._lines[path], _value(self._document, path))
        return Setting(own, None)


def key_lines(text: str) -> dict[KeyPath, int]:
    """Return the line, counted from 1, on which each key of a TOML document begins.

    tomllib tells no positions. So the document is parsed statement by statement: a statement ends
    with the first line at which what was read since the last one is valid TOML.
    """
    lines: dict[KeyPath, int] = {}
    header: KeyPath = ()
    tables: dict[KeyPath, int] = {}  # how many there are of each array of tables so far
    start, pending = 1, ""
    for number, line in enumerate(text.split("\n"), start=1):  # other breaks are text to TOML
        pending += f"{line}\n"
        try:
            statement = tomllib.loads(pending)
        except tomllib.TOMLDecodeError:
            continue
        if pending.lstrip().startswith("["):
            header = _header(statement, tables)
            _add(lines, header, start)
        for path in _paths(statement) if not pending.lstrip().startswith("[") else ():
            _add(lines, (*header, *path), start)
        start, pending = number + 1, ""
    return lines


def _header(statement: Mapping[str, Any], tables: dict[KeyPath, int]) -> KeyPath:
    """Return where the keys below a `[table]` or `[[table]]` belong."""
    path: KeyPath = ()
    inner: Any = statement
    while isinstance(inner, dict) and inner:
        [(name, inner)] = inner.items()
        path = (*path, name)
        if isinstance(inner, list):
            tables[path] = tables.get(path, 0) + 1
        if path in tables:
            path = (*path, tables[path] - 1)
    return path


def _paths(value: Any) -> Iterator[KeyPath]:
    """Yield the path of everything in a value."""
    items: Any = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for name, inner in items:
        yield (name,)
        for path in _paths(inner):
            yield (name, *path)


def _add(lines: dict[KeyPath, int], path: KeyPath, line: int) -> None:
    for length in range(1, len(path) + 1):
        lines.setdefault(path[:length], line)


def _value(document: Any, path: KeyPath) -> Any:
    for name in path:
        document = document[name]
    return document
