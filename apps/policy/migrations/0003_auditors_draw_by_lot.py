"""Put the clause on auditors' samples into force where the rulebook was written before there was one."""

from datetime import UTC, datetime

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from apps.policy.domain.rulebook import FIRST_EDITION

CLAUSE = "L1"


def adopt(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    database = schema_editor.connection.alias
    versions = apps.get_model("policy", "PolicyVersion").objects.using(database)
    clauses = apps.get_model("policy", "Clause").objects.using(database)
    newest = versions.order_by("-number").first()
    if newest is None or clauses.filter(version=newest, number=CLAUSE).exists():
        return
    model = apps.get_model("policy", "Clause")
    edition = versions.create(
        number=newest.number + 1,
        effective_at=datetime.now(UTC),
        summary="Auditors draw entries by lot, and open those.",
    )
    kept = list(clauses.filter(version=newest).values("number", "title", "text", "parameters"))
    (drawn,) = (text for text in FIRST_EDITION if text.number == CLAUSE)
    added = {"number": CLAUSE, "title": drawn.title, "text": drawn.text, "parameters": dict(drawn.parameters)}
    clauses.bulk_create(model(version=edition, **clause) for clause in [*kept, added])


class Migration(migrations.Migration):
    dependencies = [("policy", "0002_first_edition")]

    operations = [migrations.RunPython(adopt, migrations.RunPython.noop)]
