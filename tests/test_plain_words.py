"""Whatever people read is in plain words: no sentence too long, one word for one thing."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.plain_words import faults, words_not_used

ROOT = Path(__file__).parents[1]
SNAPSHOTS = sorted((ROOT / "tests" / "slack" / "messages" / "__snapshots__").glob("*.txt"))
SOURCES = sorted((ROOT / "bot").rglob("*.py"))
IN_SLACK = ROOT / "bot" / "slack" / "messages"
FOR_THE_CODE = ROOT / "docs" / "architecture.md"  # it names states and classes as they are
PAGES = [
    ROOT / "README.md",
    ROOT / "SECURITY.md",
    ROOT / "manifest.yml",
    ROOT / "docs" / "monitoring" / "alerts.yml",
    *sorted({*(ROOT / "docs").glob("*.md")} - {FOR_THE_CODE}),
    *sorted((ROOT / "docs" / "setup").glob("*.md")),
    *sorted((ROOT / "docs" / "running").glob("*.md")),
    *sorted((ROOT / "bot" / "web" / "templates").rglob("*.html")),
    *sorted((ROOT / "bot" / "reporting" / "templates").rglob("*.html")),
]
CLI = ROOT / "bot" / "cli"
COMMANDS = [CLI / "app.py", CLI / "auditing.py", CLI / "job_app.py"]
NOT_READ = re.compile(r"```.*?```|\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)  # what one copies, and Jinja
NOT_SENTENCES = (  # lines of a snapshot
    "#",  # names of snapshots, and headings, which Slack itself cuts
    ">",  # what somebody else wrote
    "•",  # facts in a list, one after the other
    "    ",  # what one copies
    "fallback",  # the same once more
)


@pytest.mark.parametrize("snapshot", SNAPSHOTS, ids=lambda path: path.stem)
def test_what_slack_shows_is_short_and_plain(snapshot: Path) -> None:
    lines = [line.removeprefix("  ") for line in snapshot.read_text().splitlines()]
    sentences = [line for line in lines if not line.startswith(NOT_SENTENCES)]

    assert [fault for line in sentences for fault in faults(line)] == []


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_text_in_the_code_has_a_word_that_is_not_used(source: Path) -> None:
    texts = list(texts_in(ast.parse(source.read_text())))

    assert [fault for text in texts for fault in words_not_used(text)] == []
    if IN_SLACK in source.parents:
        assert [text for text in texts if ";" in text and "&" not in text] == []


@pytest.mark.parametrize("module", COMMANDS, ids=lambda path: path.stem)
def test_no_help_of_a_command_has_a_word_that_is_not_used(module: Path) -> None:
    """Typer prints what stands below each command."""
    shown = [
        ast.get_docstring(node) or ""
        for node in ast.parse(module.read_text()).body
        if isinstance(node, ast.FunctionDef) and node.decorator_list
    ]

    assert "".join(shown)
    assert [fault for text in shown for fault in words_not_used(text)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_page_has_a_word_that_is_not_used(page: Path) -> None:
    text = NOT_READ.sub("", page.read_text())

    assert [fault for line in text.splitlines() for fault in words_not_used(line)] == []


def texts_in(node: ast.AST) -> Iterator[str]:
    """Yield each text of several words that is not a docstring."""
    for child in ast.iter_child_nodes(node):
        match child:
            case ast.Expr(value=ast.Constant(value=str())):
                continue
            case ast.Constant(value=str(text)) if " " in text.strip() or text.startswith(" "):
                yield text
            case _:
                yield from texts_in(child)


@pytest.mark.parametrize(
    "line",
    [
        "It lapses today.",
        "Press it to hand it back.",
        "One thing; another.",
        f"This sentence has {'so ' * 14}many words.",
    ],
)
def test_what_is_not_plain_would_be_found(line: str) -> None:
    assert len(faults(line)) == 1
