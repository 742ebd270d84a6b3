"""Finds the real ways out: what answers with more than a page, writes a file, calls a machine, or is woken."""

import ast
import inspect
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from django.core.management import get_commands
from django.urls import URLPattern, URLResolver, get_resolver

from showdown import roles

ROOT: Final = Path(__file__).parents[2]
_FOREIGN: Final = {
    "aiohttp", "boto3", "django.core.mail", "ftplib", "http.client", "httpx", "httpx2", "kombu", "openai",
    "paramiko", "redis", "requests", "smtplib", "socket", "subprocess", "urllib.request", "websockets",
}  # fmt: skip
_WRITES: Final = re.compile(
    r"\bwrite_(text|bytes)\(|\bos\.open\(|\bopen\([^)\n]*[\"'][wax]|\bopen\([\"'][wax]|TO STDOUT|\bshutil\.(copy|move)"
    r"|ParquetWriter\(|\bsend_mail\b|EmailMessage|mail_admins|\bsocket\.|\bPopen\("
)
_PAGES: Final = {"render", "redirect"}


def every_exit() -> set[str]:
    """Return every way out that the code has, each by a name such as ``url:audit:checkpoint``."""
    return {
        *_addresses(),
        *_commands(),
        *_modules(),
        *_tasks(),
        *_programs(),
        *(f"role:{name}" for name in roles.ROLES),
    }


# --- Addresses ---


def patterns(resolver: URLResolver | None = None, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Yield every address with its full name."""
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            yield from patterns(entry, f"{prefix}{entry.namespace}:" if entry.namespace else prefix)
        else:
            yield f"{prefix}{entry.name or entry.pattern}", entry


def _addresses() -> Iterator[str]:
    for name, pattern in patterns():
        view = inspect.unwrap(pattern.callback)
        if not view.__module__.startswith("apps."):
            yield f"views:{view.__module__.partition('.')[0]}"
        elif not is_page(view):
            yield f"url:{name}"


def is_page(view: Callable[..., Any]) -> bool:
    """Say whether all that a view returns is rendered templates and redirects; anything else is a way out."""
    return inspect.isfunction(view) and _returns_pages(view, set())


def _returns_pages(view: Callable[..., Any], seen: set[str]) -> bool:
    if view.__qualname__ in seen:
        return True
    seen.add(view.__qualname__)
    tree = ast.parse(inspect.getsource(sys.modules[view.__module__]))
    functions = (one for one in tree.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef))
    returned = [value for one in functions if one.name == view.__name__ for value in _returned(one)]
    return bool(returned) and all(_is_page(value, sys.modules[view.__module__], seen) for value in returned)


def _returned(node: ast.AST) -> Iterator[ast.expr | None]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            continue
        if isinstance(child, ast.Return):
            yield child.value
        yield from _returned(child)


def _is_page(value: ast.expr | None, module: Any, seen: set[str]) -> bool:
    if not isinstance(value, ast.Call) or not isinstance(value.func, ast.Name):
        return False
    if value.func.id in _PAGES:
        return True
    called = inspect.unwrap(getattr(module, value.func.id, int))
    return inspect.isfunction(called) and called.__module__.startswith("apps.") and _returns_pages(called, seen)


# --- Everything else ---


def _commands() -> Iterator[str]:
    for name, app in get_commands().items():
        if isinstance(app, str) and app.startswith(("apps.", "showdown")):
            yield f"command:{name}"


def _modules() -> Iterator[str]:
    for path in sorted((ROOT / "apps").rglob("*.py")):
        if "migrations" in path.parts or "management" in path.parts:
            continue
        text = path.read_text()
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        is_gateway = "gateways" in name.split(".") and path.stem != "__init__"
        if is_gateway or _calls_out(text) or _WRITES.search(_code(text)):
            yield f"module:{name}"


def _calls_out(text: str) -> bool:
    imported: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            imported |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return bool(imported & _FOREIGN)


def _code(text: str) -> str:
    """Return a module without comments and docstrings, in which words mean what they say."""
    return ast.unparse(ast.parse(re.sub(r'"""(.|\n)*?"""', '""', text)))


def _tasks() -> Iterator[str]:
    for path in sorted((ROOT / "apps").glob("*/tasks.py")):
        for node in ast.parse(path.read_text()).body:
            for decorator in getattr(node, "decorator_list", ()):
                if isinstance(decorator, ast.Call) and ast.unparse(decorator.func).endswith("task"):
                    named = [word.value for word in decorator.keywords if word.arg == "name"]
                    yield f"task:{ast.literal_eval(named[0]) if named else getattr(node, 'name', '?')}"


def _programs() -> Iterator[str]:
    for path in sorted((ROOT / "apps").glob("*/cli.py")):
        yield f"program:{path.parent.name}"
    for path in sorted((ROOT / "clients").glob("*/pyproject.toml")):
        yield f"program:{path.parent.name}"
