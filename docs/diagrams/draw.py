"""Draws the pictures of docs/architecture.md: `make diagrams`, which needs Graphviz.

`rooms.dot` comes from import-linter's layers in pyproject.toml, `tables.dot` from the tables of the
database, `sequence.dot` from `STORY` below. `request.dot` and `grant.dot` are written by hand; a
test holds them to bot/domain/lifecycle.py. Each picture names the source that it was drawn from.
"""

import hashlib
import subprocess
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Table
from sqlmodel import SQLModel

import bot.store.tables  # noqa: F401  # it declares the tables

HERE = Path(__file__).parent
PYPROJECT = HERE.parents[1] / "pyproject.toml"

INK, PAPER, LINE, SHADE, ACCENT = "#1f2933", "#ffffff", "#9aa5b1", "#eef2f7", "#dbe7fb"
FONT = "Helvetica,Arial,sans-serif"
HEAD = f"""  graph [bgcolor="{PAPER}", fontname="{FONT}", pad=0.2]
  node [fontname="{FONT}", fontsize=11, fontcolor="{INK}", color="{LINE}"]
  edge [fontname="{FONT}", fontsize=10, fontcolor="{INK}", color="#52606d", arrowsize=0.7]
"""

ROOMS = {
    "cli": "the command line",
    "service": "one process",
    "bootstrap": "puts it together",
    "checks": "dbaccess check",
    "web": "HTTP",
    "worker": "the worker",
    "reporting": "the auditor's report",
    "metrics": "Prometheus",
    "slack": "all that knows Slack",
    "core": "access, reconciler, database",
    "reconcile": "read, plan, write, read back",
    "access": "the use cases",
    "store": "tables, queries, locks",
    "providers": "a cloud's databases",
    "machines": "tokens of CI jobs",
    "domain": "the rules: pure",
}
PLAYGROUND = {
    "demo": "the bot between the two",
    "slack": "a sandbox",
    "digitalocean": "a sandbox",
    "web": "the page's API",
}

# What the pictures of the tables add to the foreign keys: references that the database does not
# enforce, since the other row may be gone or not written yet.
LOOSE = (
    ("grants", "cluster_id", "clusters", "id", "dashed"),
    ("audit", "request_id", "requests", "id", "dashed"),
    ("requests", "puts_back", "grants", "id", "dashed"),
)
SHELVES = (  # the columns of the picture; a table that is missing here gets into the shortest
    ("decisions", "audit"),
    ("requests", "heartbeats", "periodic_jobs", "turns"),
    ("grants", "posts"),
    ("clusters", "ip_links"),
    ("jobs", "homes"),
)

SLACK, INBOUND, OUTBOUND, ACCESS, TABLES, WORKER, RECONCILE, CLOUD = LIFELINES = (
    "Slack",
    "slack/inbound",
    "slack/outbound",
    "access",
    "store",
    "worker",
    "reconcile",
    "DigitalOcean",
)
STORY: tuple[str | tuple[str, str, str], ...] = (
    "Somebody asks for access",
    (SLACK, INBOUND, "/dbaccess request"),
    (INBOUND, ACCESS, "RequestAccess"),
    (ACCESS, TABLES, "request, audit row, card"),
    (ACCESS, WORKER, "wake-up"),
    (INBOUND, SLACK, "answer"),
    (WORKER, OUTBOUND, "a message is pending"),
    (OUTBOUND, SLACK, "card with Approve and Deny"),
    "An approver presses Approve",
    (SLACK, INBOUND, "Approve"),
    (INBOUND, TABLES, "deferred command: Decide"),
    (INBOUND, SLACK, "acknowledged"),
    (WORKER, INBOUND, "a command is due"),
    (INBOUND, SLACK, "who is this?"),
    (INBOUND, ACCESS, "Decide"),
    (ACCESS, TABLES, "grant applying, cluster due"),
    "The rule is written",
    (WORKER, RECONCILE, "cluster is due"),
    (RECONCILE, CLOUD, "read the rules"),
    (RECONCILE, TABLES, "about to write"),
    (RECONCILE, CLOUD, "write them"),
    (RECONCILE, CLOUD, "read back"),
    (RECONCILE, TABLES, "grant active, audit row, messages"),
    (WORKER, OUTBOUND, "messages are pending"),
    (OUTBOUND, SLACK, "access is open: holder, thread"),
    "The time is up",
    (WORKER, ACCESS, "expire"),
    (ACCESS, TABLES, "grant removing, cluster due"),
    (WORKER, RECONCILE, "cluster is due"),
    (RECONCILE, CLOUD, "read, write, read"),
    (RECONCILE, TABLES, "grant ended, audit row, messages"),
    (WORKER, OUTBOUND, "messages are pending"),
    (OUTBOUND, SLACK, "access has ended: the same messages"),
)


def draw_rooms() -> str:
    """Return the rooms, each row allowed to import those below it."""
    contracts = tomllib.loads(PYPROJECT.read_text())["tool"]["importlinter"]["contracts"]
    by_id = {one["id"]: one for one in contracts}
    words = {name: [word] for name, word in ROOMS.items()}
    words["slack"].append(" → ".join(by_id["slack-rooms"]["layers"]))
    for room, line in _libraries(contracts):
        words.setdefault(room, []).append(line)
    rows = list(_rows(by_id["layers"], words))
    playground = list(
        _rows(by_id["playground-layers"], {name: [word] for name, word in PLAYGROUND.items()})
    )
    return (
        "// Drawn by draw.py from import-linter's layers in pyproject.toml.\n"
        f"digraph rooms {{\n{HEAD}  rankdir=LR\n  node [shape=plaintext]\n"
        + _stack("bot", "bot: a row imports only from the rows below it", rows)
        + _stack("playground", "playground", playground)
        + '  playground:demo -> bot:title [style=dashed, label="only the demo"]\n}\n'
    )


def _libraries(contracts: Iterable[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """Yield the rooms that have a library to themselves, each with a line about that."""
    for contract in contracts:
        if contract["type"] != "forbidden" or not contract.get("allow_indirect_imports"):
            continue
        for line in contract.get("ignore_imports", [])[:1]:
            importer = line.partition(" -> ")[0].removeprefix("bot.").removesuffix(".**")
            room, _, within = importer.partition(".")
            alone = f"{within} alone imports".lstrip()
            yield room, f"{alone} {', '.join(contract['forbidden_modules'])}"


def _rows(contract: dict[str, Any], words: dict[str, list[str]]) -> Iterator[str]:
    for layer in contract["layers"]:
        names = [name.strip(" ()").removeprefix("bot.") for name in layer.split("|")]
        yield "".join(_room(name, words.get(name, [])) for name in names)


def _room(name: str, words: Sequence[str]) -> str:
    small = "".join(f'<br/><font point-size="9">{_safe(line)}</font>' for line in words)
    fill = ACCENT if small else SHADE
    return f'<td port="{name}" bgcolor="{fill}" border="1"><b>{name}</b>{small}</td>'


def _stack(name: str, title: str, rows: Sequence[str]) -> str:
    frame = '<table border="0" cellborder="0" cellspacing="3" cellpadding="0" color="#9aa5b1">'
    row = '<tr><td><table border="0" cellspacing="0" cellpadding="5" color="#9aa5b1"><tr>'
    body = "".join(f"    {row}{one}</tr></table></td></tr>\n" for one in rows)
    head = f'    <tr><td port="title">{title}</td></tr>\n'
    return f"  {name} [label=<{frame}\n{head}{body}  </table>>]\n"


def draw_tables() -> str:
    """Return the tables with all of their columns, and what refers to what."""
    tables = dict(SQLModel.metadata.tables)
    shelves = [[name for name in shelf if name in tables] for shelf in SHELVES]
    for name in sorted(tables.keys() - {name for shelf in shelves for name in shelf}):
        min(shelves, key=lambda shelf: sum(_height(tables[one]) for one in shelf)).append(name)
    parts = []
    for number, shelf in enumerate(shelves):
        top = 0.0
        for name in shelf:
            height = _height(tables[name])
            parts.append(_table(tables[name], x=number * 138, y=top - height / 2))
            top -= height + 24
    references = [*_foreign_keys(tables), *(one for one in LOOSE if one[0] in tables)]
    column_of = {name: number for number, shelf in enumerate(shelves) for name in shelf}
    parts += [_reference(*one, column_of) for one in references]
    return (
        "// Drawn by draw.py from the tables in bot/store/tables.py.\n"
        "digraph tables {\n  graph [layout=neato, inputscale=72, splines=true]\n"
        f"{HEAD}  node [shape=plaintext, margin=0]\n{''.join(parts)}}}\n"
    )


def _height(table: Table) -> float:
    return 22 + 15.5 * len(table.columns)


def _table(table: Table, *, x: float, y: float) -> str:
    frame = '<table border="1" cellborder="0" cellspacing="0" cellpadding="2" color="#9aa5b1">'
    head = f'<tr><td bgcolor="{ACCENT}"><b>{table.name}</b></td></tr>'
    rows = "".join(f"    {_column(column)}\n" for column in table.columns)
    return f'  {table.name} [pos="{x},{y}!", label=<{frame}\n    {head}\n{rows}  </table>>]\n'


def _column(column: Column[Any]) -> str:
    name = f"<u>{column.name}</u>" if column.primary_key else column.name
    return (
        f'<tr><td port="{column.name}" align="left"><font point-size="10">{name}</font></td></tr>'
    )


def _foreign_keys(tables: dict[str, Table]) -> Iterator[tuple[str, str, str, str, str]]:
    for table in tables.values():
        for column in table.columns:
            for key in column.foreign_keys:
                yield table.name, column.name, *_split(key.target_fullname), "solid"


def _split(full_name: str) -> tuple[str, str]:
    table, _, column = full_name.partition(".")
    return table, column


def _reference(
    table: str, column: str, to: str, to_column: str, style: str, column_of: dict[str, int]
) -> str:
    start, end = column_of[table], column_of[to]
    out, into = ("w", "w") if start == end else ("e", "w") if start < end else ("w", "e")
    return f"  {table}:{column}:{out} -> {to}:{to_column}:{into} [style={style}]\n"


def draw_sequence() -> str:
    """Return what happens from a request to its end, from top to bottom."""
    width, step = 84, 25
    at = {name: index * width for index, name in enumerate(LIFELINES)}
    bottom = -(len(STORY) + 1) * step
    parts = []
    for number, (name, x) in enumerate(at.items()):
        parts.append(
            f'  top{number} [label="{name}", pos="{x},0!", shape=box, style="filled,rounded", '
            f'fillcolor="{ACCENT}", fontsize=11, height=0.3, margin="0.06,0.02"]\n'
            f'  end{number} [label="", pos="{x},{bottom}!", shape=point, width=0.03]\n'
            f'  top{number} -> end{number} [dir=none, style=dashed, color="{LINE}"]\n'
        )
    for number, event in enumerate(STORY):
        y = -(number + 1) * step - 6
        if isinstance(event, str):
            middle = (len(LIFELINES) - 1) * width / 2
            parts.append(
                f'  say{number} [label="{event}", pos="{middle:g},{y}!", shape=box, '
                f'style=filled, fillcolor="{SHADE}", width={len(LIFELINES) * width / 72:.2f}, '
                f"height=0.22, fontsize=11]\n"
            )
        else:
            parts.append(_message(number, at[event[0]], at[event[1]], y, event[2]))
    return (
        "// Drawn by draw.py from its STORY.\n"
        "digraph sequence {\n"
        "  graph [layout=neato, inputscale=72, splines=line, outputorder=edgesfirst]\n"
        f"{HEAD}{''.join(parts)}}}\n"
    )


def _message(number: int, start: int, end: int, y: float, label: str) -> str:
    middle = (start + end) / 2
    point = "shape=point, width=0.01, color=transparent"
    return (
        f'  from{number} [label="", pos="{start},{y}!", {point}]\n'
        f'  to{number} [label="", pos="{end},{y}!", {point}]\n'
        f"  from{number} -> to{number}\n"
        f'  say{number} [label="{label}", pos="{middle:g},{y + 8}!", shape=plaintext, '
        f'style=filled, fillcolor="{PAPER}", fontsize=10, width=0, height=0, margin="0.02,0.0"]\n'
    )


def _safe(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


GENERATED = {"rooms": draw_rooms, "tables": draw_tables, "sequence": draw_sequence}


def mark(source: str) -> str:
    """Return the comment by which a picture tells which source it was drawn from."""
    return f"<!-- drawn from a source of sha256 {hashlib.sha256(source.encode()).hexdigest()} -->"


def main() -> None:
    """Write the generated sources, and draw each picture anew whose source has changed."""
    for name, draw in GENERATED.items():
        (HERE / f"{name}.dot").write_text(draw())
    for path in sorted(HERE.glob("*.dot")):
        source, picture = path.read_text(), path.with_suffix(".svg")
        if picture.exists() and mark(source) in picture.read_text():
            continue
        drawn = subprocess.run(  # noqa: S603
            ["dot", "-Tsvg", path],  # noqa: S607
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        picture.write_text(f"{drawn.rstrip()}\n{mark(source)}\n")


if __name__ == "__main__":
    main()
