"""Write the first edition of the rulebook."""

from datetime import UTC, datetime

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from apps.policy.domain.rulebook import FIRST_EDITION


def write_first_edition(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    database = schema_editor.connection.alias
    version = (
        apps.get_model("policy", "PolicyVersion")
        .objects.using(database)
        .create(
            number=1,
            effective_at=datetime(2026, 1, 1, tzinfo=UTC),
            summary="The rules under which the arena opened.",
        )
    )
    clauses = apps.get_model("policy", "Clause")
    clauses.objects.using(database).bulk_create(
        clauses(version=version, number=text.number, title=text.title, text=text.text, parameters=text.parameters)
        for text in FIRST_EDITION
    )


class Migration(migrations.Migration):
    dependencies = [("policy", "0001_initial")]

    operations = [migrations.RunPython(write_first_edition, migrations.RunPython.noop)]
