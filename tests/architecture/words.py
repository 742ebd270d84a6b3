"""Finds every place of the code that reads words of battles: Python, SQL and templates."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
#: Floors that can reach the words; the floors below them have no table with words in it.
_FLOORS: Final = ("prompts", "battles", "rankings", "integrity", "licensing", "moderation", "web", "api")
_NAMED: Final = re.compile(r"(^|__)(text|comment)$")
_IN_SQL: Final = re.compile(r"\w\.(text|comment)\b|\bSELECT\b[^;]*(?<![:\w])(text|comment)\b(?!\[)", re.IGNORECASE)
_PATHS: Final = re.compile(r"[\w.]*\b(?:text|subject_text|excerpt|answer|comment)\b(?=\s*(?:\||}}|%}))")
#: Objects whose ``text`` is no word of a battle: clauses, consents, fields of forms, and the shapes of a rulebook.
_OTHER_TEXTS: Final = re.compile(
    r"\b(clause|clauses|ground|rule|excluded|appealed_clause|one|consent\.text|form|line|found\.rule)\.text$"
)


def places_in_python() -> Iterator[str]:
    """Yield ``path::function`` of everything that touches an attribute, a column or a look-up of words."""
    for floor in _FLOORS:
        for path in sorted((ROOT / "apps" / floor).rglob("*.py")):
            if not {"migrations", "domain"} & set(path.parts) and path.stem != "models":
                yield from _places(path)


def _places(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text())
    name = str(path.relative_to(ROOT))
    for node in tree.body:
        owner = getattr(node, "name", None) or _assigned(node)
        if any(_reads_words(part) for part in ast.walk(node)):
            yield f"{name}::{owner}"


def _assigned(node: ast.stmt) -> str:
    target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
    return ast.unparse(target) if target is not None else "module"


def _reads_words(node: ast.AST) -> bool:
    if isinstance(node, ast.Attribute):
        return node.attr in {"text", "comment", "answer"} and not _OTHER_TEXTS.search(ast.unparse(node))
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        is_sql = re.search(r"\b(SELECT|FROM|JOIN)\b", node.value) is not None
        return bool(_IN_SQL.search(node.value)) if is_sql else bool(_NAMED.search(node.value))
    return False


def places_in_templates() -> Iterator[str]:
    """Yield ``path: variable`` of every variable of a template that ends in words."""
    for path in sorted((ROOT / "templates").rglob("*.html")):
        for tag in re.findall(r"{{.*?}}|{%.*?%}", path.read_text(), flags=re.DOTALL):
            for found in _PATHS.findall(tag):
                if "." in found and not _OTHER_TEXTS.search(found):
                    yield f"{path.relative_to(ROOT / 'templates')}: {found}"
