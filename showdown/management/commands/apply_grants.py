"""Brings the database's privileges in line with ``showdown/grants.py``."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connections, transaction

from showdown import granting


class Command(BaseCommand):
    """``manage.py apply_grants``: what every migration does at its end, alone."""

    help = "Give each database role what showdown/grants.py says, and take everything else away."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Apply the list through the owner's connection."""
        if "owner" not in connections:
            raise CommandError("Set DATABASE_OWNER_URL: only the owner of the tables gives privileges.")
        with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
            if not granting.roles_exist(cursor):
                raise CommandError("The database roles are missing: run `manage.py provision_database` first.")
            changed = granting.apply_grants(cursor)
        self.stdout.write(f"Changed: {', '.join(changed)}." if changed else "Nothing to change.")
