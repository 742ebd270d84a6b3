"""System checks of the log's name and folders: what is wrong with them shows before anything is signed."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections

from apps.audit.domain.note import InvalidNote, Signer
from apps.audit.queries import salts_that_came_back
from apps.audit.services.keys import LONGEST_KEY

_EXAMPLE = "an address of yours without its scheme, such as showdown.example.org/log"


@register(Tags.security)
def the_origin_can_name_a_key(**_scope: Any) -> list[CheckMessage]:
    """The log's name stands in every checkpoint and key for ever."""
    origin = settings.LOG_ORIGIN
    if not origin:
        return []
    try:
        fits = len(Signer.from_seed(origin, bytes(32)).vkey) <= LONGEST_KEY and "://" not in origin
    except InvalidNote:
        fits = False
    if fits:
        return []
    return [
        Error(
            f"SHOWDOWN_LOG_ORIGIN is {origin!r}, which cannot name a log.",
            hint=f"Use {_EXAMPLE}: no spaces, no plus signs, at most 140 characters.",
            id="audit.E001",
        )
    ]


@register(Tags.security, deploy=True)
def the_log_has_an_origin(**_scope: Any) -> list[CheckMessage]:
    """A deployment's log has a name of its own."""
    if settings.LOG_ORIGIN:
        return []
    return [
        Error("SHOWDOWN_LOG_ORIGIN is not set.", hint=f"Set it, once and for ever, to {_EXAMPLE}.", id="audit.E002")
    ]


@register(Tags.security)
def the_keys_are_not_among_the_public_files(**_scope: Any) -> list[CheckMessage]:
    """What `/log/` serves and what signs it lie apart, so that a server of files cannot hand a key out."""
    public, keys = (Path(folder).resolve() for folder in (settings.LOG_FILES, settings.LOG_KEYS))
    if not (keys.is_relative_to(public) or public.is_relative_to(keys)):
        return []
    return [
        Error(
            f"The log's keys ({keys}) and its public files ({public}) lie in one another.",
            hint="Let SHOWDOWN_LOG_KEYS and SHOWDOWN_LOG_FILES name folders apart, the keys on another disk.",
            id="audit.E003",
        )
    ]


@register(Tags.database)
def what_was_forgotten_stays_so(*, databases: Sequence[str] | None = None, **_scope: Any) -> list[CheckMessage]:
    """A database from a backup does not serve before it has forgotten again what was forgotten since."""
    if "default" not in (databases or ()) or connections["default"].vendor != "postgresql":
        return []
    if "audit_salt" not in connections["default"].introspection.table_names():
        return []
    if not (found := len(salts_that_came_back())):
        return []
    return [
        Error(
            f"{found} texts open again although the log says that they were forgotten: this database is a backup.",
            hint="Run `manage.py after_restore` before anything serves (docs/runbook.md, Restoring a backup).",
            id="audit.E004",
        )
    ]
