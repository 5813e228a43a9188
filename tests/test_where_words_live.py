"""What people read is written in one place: the rules refuse with codes, and say no sentence."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

BOT = Path(__file__).parents[1] / "bot"
WORDLESS = [
    *(BOT / "domain").rglob("*.py"),
    *(BOT / "access").rglob("*.py"),
    *(BOT / "reconcile").rglob("*.py"),
    *(BOT / "store").rglob("*.py"),
    *(BOT / "slack" / "inbound").rglob("*.py"),
    *(BOT / "slack" / "outbound").rglob("*.py"),
    *(BOT / "slack" / "users").rglob("*.py"),
    *(BOT / "slack").glob("quer*.py"),
    BOT / "ip_links.py",
]
FOR_OPERATORS = {  # what is wrong with the configuration, and its schema's descriptions
    BOT / "domain" / "placeholders.py",
    BOT / "domain" / "policy_schema.py",
}


def sentences(tree: ast.AST) -> Iterator[str]:
    """Yield each text that reads like a sentence, or has Slack's back-ticks in it."""
    for node in ast.iter_child_nodes(tree):
        match node:
            case ast.Expr(value=ast.Constant(value=str())):
                continue  # a docstring
            case ast.Call(func=ast.Name(id="ValueError")):
                continue  # what is wrong with the policy file
            case ast.Call(func=ast.Attribute(value=ast.Name(id="log"))):
                continue
            case ast.Constant(value=str(text)):
                found = [text]
            case ast.JoinedStr(values=parts):
                shown = (p.value if isinstance(p, ast.Constant) else "x" for p in parts)
                found = ["".join(map(str, shown))]
            case _:
                yield from sentences(node)
                continue
        yield from filter(is_sentence, found)


def is_sentence(text: str) -> bool:
    text = text.strip()
    if " " not in text:
        return False
    return "`" in text or (text[:1].isupper() and text.endswith((".", "?", "!")))


@pytest.mark.parametrize(
    "file", sorted({*WORDLESS} - FOR_OPERATORS), ids=lambda file: str(file.relative_to(BOT))
)
def test_no_sentence_stands_outside_of_the_messages(file: Path) -> None:
    assert list(sentences(ast.parse(file.read_text()))) == []


def test_a_sentence_would_be_found() -> None:
    code = """
def refuse(alias):
    \"\"\"Say so. `alias` is a cluster.\"\"\"
    raise Refused(f"`{alias}` is full.")
    return "There is none. Try again."
"""
    assert list(sentences(ast.parse(code))) == ["`x` is full.", "There is none. Try again."]
