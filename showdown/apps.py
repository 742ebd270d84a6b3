"""Registers the wiring itself as an app, for its commands, its system checks and the grants after a migration."""

from importlib import import_module
from typing import Any

from django.apps import AppConfig, apps
from django.db import connections
from django.db.models.signals import post_migrate

from showdown.granting import apply_grants, owns_the_schema, roles_exist
from showdown.schedule import write_schedule
from showdown.ways_out import write_ways_out


def grant_after_migrating(*, using: str, verbosity: int = 1, **_signal: Any) -> None:
    """Give every role what the grants file says, when the connection that migrated may."""
    connection = connections[using]
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        if not owns_the_schema(cursor):
            return
        if not roles_exist(cursor):
            print("Grants: the database roles are missing; run `manage.py provision_database`.")  # noqa: T201
            return
        changed = apply_grants(cursor)
    write_schedule(using=using)
    write_ways_out(using=using)
    if changed and verbosity >= 1:
        print(f"Grants: brought in line on {len(changed)} tables and functions.")  # noqa: T201


class ShowdownConfig(AppConfig):
    """The house around the subjects: roles, grants, checks and the supervisor."""

    name = "showdown"
    label = "showdown"

    def ready(self) -> None:
        """Register the checks, and the grants to follow each migration once."""
        import_module("showdown.checks")
        # Every app's signal comes after the last migration, so that one of them is enough.
        post_migrate.connect(grant_after_migrating, sender=apps.get_app_config("audit"), dispatch_uid="grants")
