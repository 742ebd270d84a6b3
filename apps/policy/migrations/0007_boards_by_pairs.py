"""Bring the numbers of the boards into force where the rulebook was written before there were any."""

from datetime import UTC, datetime
from typing import Final

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from apps.policy.domain.directions import DIRECTIONS
from apps.policy.domain.rulebook import FIRST_EDITION

MORE: Final = {
    "R1": ("network_cap", "target", "trim"),
    "R2": ("min_changed", "attributes", "pairs"),
    "R3": ("max_half_width",),
}


def adopt(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Write the clauses with their new numbers; a number that was changed since stays as it was changed."""
    database = schema_editor.connection.alias
    versions = apps.get_model("policy", "PolicyVersion").objects.using(database)
    clauses = apps.get_model("policy", "Clause").objects.using(database)
    newest = versions.order_by("-number").first()
    if newest is None:
        return
    kept = {
        each["number"]: each for each in clauses.filter(version=newest).values("number", "title", "text", "parameters")
    }
    first = {text.number: text for text in FIRST_EDITION}
    added = {
        number: {
            "number": number,
            "title": first[number].title,
            "text": first[number].text,
            "parameters": {**first[number].parameters, **kept[number]["parameters"]},
        }
        for number, names in MORE.items()
        if number in kept and set(names) - set(kept[number]["parameters"])
    }
    if not added:
        return
    model = apps.get_model("policy", "Clause")
    edition = versions.create(
        number=newest.number + 1,
        effective_at=datetime.now(UTC),
        summary="Which boards there are by pairs of attributes, when a board changes, and when a rating is provisional.",
    )
    clauses.bulk_create(model(version=edition, **clause) for clause in {**kept, **added}.values())


def declare(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Say of every new number to which side it is safer."""
    direction = apps.get_model("policy", "ParameterDirection")
    direction.objects.using(schema_editor.connection.alias).bulk_create(
        (
            direction(clause=clause, name=name, safer=DIRECTIONS[clause, name].value)
            for clause, names in MORE.items()
            for name in names
        ),
        ignore_conflicts=True,
    )


class Migration(migrations.Migration):
    dependencies = [("policy", "0006_bounds")]

    operations = [
        migrations.RunPython(adopt, migrations.RunPython.noop),
        migrations.RunPython(declare, migrations.RunPython.noop),
    ]
