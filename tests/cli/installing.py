"""The playground's metadata, as its installation writes them."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def install_playground(folder: Path) -> None:
    """Make the playground's entry points known to whoever has *folder* on its path."""
    project = tomllib.loads((ROOT / "playground" / "pyproject.toml").read_text())["project"]
    metadata = folder / "dbaccess_playground-0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Name: {project['name']}\nVersion: 0\n")
    lines = [
        line
        for group, points in project["entry-points"].items()
        for line in (f"[{group}]", *(f"{name} = {where}" for name, where in points.items()))
    ]
    (metadata / "entry_points.txt").write_text("\n".join(lines))
