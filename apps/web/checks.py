"""What must be so before this platform serves."""

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections

from apps.web.queries.erased import erased_who_came_back


@register(Tags.database)
def who_was_erased_stays_so(*, databases: Sequence[str] | None = None, **_scope: Any) -> list[CheckMessage]:
    """A database from a backup does not serve before it has erased again whoever was erased since."""
    if "default" not in (databases or ()) or connections["default"].vendor != "postgresql":
        return []
    if not {"audit_entry", "contributors_contributor"} <= set(connections["default"].introspection.table_names()):
        return []
    if not (found := len(erased_who_came_back())):
        return []
    return [
        Error(
            f"{found} people have an account again although the log says that they were erased: this is a backup.",
            hint="Run `manage.py erase_again` before anything serves (docs/runbook.md, Restoring a backup).",
            id="web.E001",
        )
    ]
