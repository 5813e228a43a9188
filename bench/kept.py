"""The findings of each row, kept from one run to the next: a file a row, beside the page."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.findings import Figure, Finding


@dataclass(frozen=True)
class Measured:
    """A finding, when it was made, and how busy the machine was before (its load)."""

    finding: Finding
    at: str
    load: str


def save(folder: Path, measured: Measured) -> None:
    """Keep a finding, in place of what was found of its row before."""
    folder.mkdir(exist_ok=True)
    text = json.dumps(asdict(measured), indent=1, ensure_ascii=False)
    _file(folder, measured.finding.row).write_text(text + "\n", encoding="utf-8")


def load(folder: Path, rows: Iterable[str]) -> list[Measured]:
    """Return what is known of these rows, each as it was measured last."""
    files = (_file(folder, row) for row in rows)
    return [_measured(file.read_text(encoding="utf-8")) for file in files if file.exists()]


def _measured(text: str) -> Measured:
    kept = json.loads(text)
    found = kept["finding"]
    figures = tuple(Figure(**figure) for figure in found.pop("figures"))
    found["details"], found["columns"] = tuple(found["details"]), tuple(found["columns"])
    return Measured(Finding(**found, figures=figures), kept["at"], kept["load"])


def _file(folder: Path, row: str) -> Path:
    return folder / f"{row}.json"
