"""The files that are shown or filled in, as they are in the checkout or inside the package."""

from pathlib import Path

MANIFEST = "manifest.yml"
POLICY_EXAMPLE = "dbaccess.example.toml"
ENVIRONMENT_EXAMPLE = ".env.example"
ANSWERS_EXAMPLE = "answers.example.toml"


def shipped(name: str) -> str:
    """Return the text of one of them."""
    installed = Path(__file__).parent / name
    file = installed if installed.is_file() else Path(__file__).parents[3] / name
    return file.read_text(encoding="utf-8")
