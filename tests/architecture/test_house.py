"""The house's own rules, as far as the linters do not know them."""

import ast
import re
from pathlib import Path

import pytest
from django.apps import apps
from django.db import models
from django.urls import URLPattern, URLResolver, get_resolver

ROOT = Path(__file__).parents[2]
FLOORS = (
    "audit", "accounts", "jobs", "policy", "organizations", "contributors", "prompts", "battles", "rankings",
    "integrity", "licensing", "moderation", "web", "api",
)  # fmt: skip
OURS = sorted(
    path
    for folder in ("apps", "showdown", "tests", "benchmarks", "clients")
    for path in (ROOT / folder).rglob("*.py")
    if "migrations" not in path.parts and "__pycache__" not in path.parts
)
LONGEST = 400
BANNED_NAMES = {"utils", "core", "common", "helpers", "managers", "signals"}


def test_every_app_has_a_floor_and_a_first_real_thing() -> None:
    assert {path.name for path in (ROOT / "apps").iterdir() if (path / "apps.py").exists()} == set(FLOORS)
    for floor in FLOORS:
        modules = [path for path in (ROOT / "apps" / floor).rglob("*.py") if "migrations" not in path.parts]
        assert sum(len(path.read_text().splitlines()) for path in modules) > 100, f"{floor} is an empty shell"


def test_foreign_keys_point_downwards() -> None:
    wrong = [
        f"{model._meta.label}.{field.name} -> {field.related_model._meta.label}"
        for floor in FLOORS
        for model in apps.get_app_config(floor).get_models()
        for field in model._meta.get_fields()
        if isinstance(field, models.ForeignKey)
        and isinstance(field.related_model, type)
        and field.related_model._meta.app_label in FLOORS
        and FLOORS.index(field.related_model._meta.app_label) > FLOORS.index(floor)
    ]
    assert wrong == []


@pytest.mark.parametrize("path", OURS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_is_a_small_room_whose_first_line_says_what_it_owns(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= LONGEST
    assert path.stem not in BANNED_NAMES
    assert not text.strip() or ast.get_docstring(ast.parse(text)), "the module's first line says nothing"


def test_services_open_transactions_and_take_their_actor_first() -> None:
    """Every public function in a services module that names an actor takes it by keyword, first, and is atomic."""
    wrong = []
    for path in OURS:
        is_service = "services" in path.parts or path.stem == "services"
        # A module of rows holds what several services of one app write inside their own transactions.
        if "apps" not in path.parts or not is_service or path.stem.endswith("_rows"):
            continue
        for node in ast.parse(path.read_text()).body:
            if not isinstance(node, ast.FunctionDef) or node.name.startswith("_"):
                continue
            names = [argument.arg for argument in node.args.kwonlyargs]
            if "actor" not in names:
                continue
            is_atomic = any("atomic" in ast.unparse(decorator) for decorator in node.decorator_list)
            opens_its_own = "transaction.atomic" in ast.unparse(node)
            has_default = node.args.kw_defaults[names.index("actor")] is not None
            if has_default or node.args.args[1:] or not (is_atomic or opens_its_own or "record" in node.name):
                wrong.append(f"{path.relative_to(ROOT)}: {node.name}")
    assert wrong == []


def test_views_and_tasks_open_no_transaction() -> None:
    wrong = [
        str(path.relative_to(ROOT))
        for path in OURS
        if "apps" in path.parts
        and (path.stem in {"views", "tasks", "flows"} or "views" in path.parts)
        and re.search(r"transaction\.atomic|ATOMIC_REQUESTS", path.read_text())
    ]
    assert wrong == []


def _patterns(resolver: URLResolver) -> list[URLPattern]:
    found: list[URLPattern] = []
    for entry in resolver.url_patterns:
        found += _patterns(entry) if isinstance(entry, URLResolver) else [entry]
    return found


def test_every_view_of_ours_says_what_it_shows() -> None:
    for pattern in _patterns(get_resolver()):
        callback = pattern.callback
        view = getattr(callback, "cls", None) or getattr(callback, "view_class", None) or callback
        if view.__module__.startswith("apps."):
            assert view.__doc__, f"{view.__module__}.{view.__name__} has no docstring"


def test_every_template_that_a_view_names_is_there() -> None:
    for path in OURS:
        if "apps" not in path.parts:
            continue
        for name in re.findall(r'"([a-z_]+/[a-z_/]+\.html)"', path.read_text()):
            assert (ROOT / "templates" / name).exists(), f"{path.relative_to(ROOT)} names {name}"


def test_no_page_needs_what_the_content_security_policy_forbids() -> None:
    wrong = []
    for path in sorted((ROOT / "templates").rglob("*.html")):
        text = re.sub(r"{%.*?%}|{{.*?}}", "", path.read_text(), flags=re.DOTALL)
        if re.search(r"\sstyle=[\"']|<style(?![^>]*nonce)|\son[a-z]+=[\"']|javascript:", text):
            wrong.append(str(path.relative_to(ROOT)))
        wrong += [
            f"{path.relative_to(ROOT)}: {script}"
            for script in re.findall(r"<script[^>]*>", text)
            if "src=" not in script and "application/json" not in script
        ]
    assert wrong == []


def test_no_address_of_a_package_index_stands_in_the_repository() -> None:
    for path in (ROOT / "requirements").iterdir():
        assert "://" not in path.read_text(), f"{path.name} names an address"
