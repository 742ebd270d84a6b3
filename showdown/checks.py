"""System checks of the wiring: the database's kind and age, and the secrets that a platform outside the demo needs."""

import os
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import connections

OLDEST_POSTGRESQL = 15
_VARIABLES = {
    "default": "DATABASE_URL",
    "auditor": "DATABASE_AUDITOR_URL",
    "sequencer": "DATABASE_SEQUENCER_URL",
    "owner": "DATABASE_OWNER_URL",
}
_NO_DATABASE = "django.db.backends.dummy"
# Settings under which a server writes statements, their parameters or rows into its log, and what each should be.
_KEEPS_WORDS_OUT = {
    "log_statement": ("none", "ddl"),
    "log_min_error_statement": ("panic", "fatal", "log"),
    "log_error_verbosity": ("terse",),
    "log_parameter_max_length_on_error": ("0",),
    "log_min_duration_statement": ("-1",),
    "log_min_duration_sample": ("-1",),
    "log_transaction_sample_rate": ("0",),
}


@register(Tags.security)
def secrets_are_set(**_scope: Any) -> list[CheckMessage]:
    """Outside the demo and the tests no secret has a default."""
    # The sequencer and whoever migrates sign nothing for a browser; they hold their own address and no secret.
    signs_nothing = "DATABASE_URL" not in os.environ and (
        "DATABASE_SEQUENCER_URL" in os.environ or "DATABASE_OWNER_URL" in os.environ
    )
    if settings.DEMO or settings.TESTING or signs_nothing or not settings.SECRET_KEY_IS_MISSING:
        return []
    return [
        Error(
            "SHOWDOWN_SECRET_KEY is not set.",
            hint="Set it to at least 50 random characters and keep it: sessions and signatures depend on it.",
            id="showdown.E001",
        )
    ]


@register(Tags.compatibility)
def engines_are_postgresql(**_scope: Any) -> list[CheckMessage]:
    """The promise lives in PostgreSQL's constraints and triggers; another engine would be another promise."""
    return [
        Error(
            f"{_VARIABLES.get(alias, alias)} names the engine {database['ENGINE']}, and only PostgreSQL is served.",
            hint="Use an address such as postgresql://showdown_app:…@host/showdown.",
            id="showdown.E002",
        )
        for alias, database in settings.DATABASES.items()
        if database["ENGINE"] not in {"django.db.backends.postgresql", _NO_DATABASE}
    ]


@register(Tags.security, deploy=True)
def a_database_is_set(**_scope: Any) -> list[CheckMessage]:
    """A deployment has a database; commands that need none run without."""
    if os.environ.get("DATABASE_URL"):
        return []
    return [Error("DATABASE_URL is not set.", hint="See `manage.py provision_database --print`.", id="showdown.E003")]


def too_old(version: int) -> bool:
    """Say whether a server's version number, such as 140012, is older than what is served."""
    return version < OLDEST_POSTGRESQL * 10_000


@register(Tags.database)
def servers_are_young_enough(*, databases: Sequence[str] | None = None, **_scope: Any) -> list[CheckMessage]:
    """Older servers lack what the wall and the grants build on."""
    found: list[CheckMessage] = []
    for alias in databases or ():
        connection = connections[alias]
        if connection.vendor != "postgresql":
            continue
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('server_version_num')::int, current_setting('server_version')")
            number, told = cursor.fetchone()
        if too_old(number):
            found.append(
                Error(
                    f"The server behind {_VARIABLES.get(alias, alias)} is PostgreSQL {told}.",
                    hint=f"PostgreSQL {OLDEST_POSTGRESQL} or newer is needed.",
                    id="showdown.E004",
                )
            )
    return found


@register(Tags.database)
def servers_log_nobodys_words(*, databases: Sequence[str] | None = None, **_scope: Any) -> list[CheckMessage]:
    """Words of live battles do not lie in the server's log: no statement, no parameter, no row that was refused."""
    found: list[CheckMessage] = []
    for alias in databases or ():
        connection = connections[alias]
        if connection.vendor != "postgresql":
            continue
        with connection.cursor() as cursor:
            cursor.execute("SELECT name, setting FROM pg_settings WHERE name = ANY (%s)", [list(_KEEPS_WORDS_OUT)])
            told = dict(cursor.fetchall())
        wrong = {name: value for name, value in sorted(told.items()) if value not in _KEEPS_WORDS_OUT[name]}
        if wrong:
            named = ", ".join(f"{name} = {value}" for name, value in wrong.items())
            found.append(
                Warning(
                    f"The server behind {_VARIABLES.get(alias, alias)} may write people's words into its log: {named}.",
                    hint="; ".join(f"{name} = {_KEEPS_WORDS_OUT[name][0]}" for name in wrong),
                    id="showdown.W001",
                )
            )
    return found
