"""A rulebook that was written before there were the wall's later clauses gets them, and keeps what was changed."""

from importlib import import_module

import pytest
from django.apps import apps
from django.db import connections

from apps.policy.domain.rulebook import FIRST_EDITION
from apps.policy.models import Clause, PolicyVersion

pytestmark = pytest.mark.committed


def read(version: int) -> dict[str, tuple[str, str, object]]:
    rows = Clause.objects.filter(version__number=version)
    return {each.number: (each.title, each.text, each.parameters) for each in rows}


@pytest.mark.parametrize("hours", [72, 96])
def test_an_older_rulebook_reads_like_the_first_edition_afterwards(hours: int) -> None:
    migration = import_module("apps.policy.migrations.0004_the_policy_book")
    with connections["owner"].cursor() as cursor:
        cursor.execute("ALTER TABLE policy_clause DISABLE TRIGGER USER")
        cursor.execute("DELETE FROM policy_clause WHERE number = ANY(%s)", [list(migration.NEW)])
        cursor.execute(
            "UPDATE policy_clause SET text = 'Older words.', parameters = parameters - 'order' WHERE number = 'W7'"
        )
        cursor.execute(
            "UPDATE policy_clause SET text = 'Older words.', parameters = jsonb_build_object('hours', %s::int)"
            " WHERE number = 'W6'",
            [hours],
        )
    with connections["owner"].schema_editor() as editor:
        migration.adopt(apps, editor)
    with connections["owner"].schema_editor() as editor:
        migration.adopt(apps, editor)
    assert PolicyVersion.objects.count() == 2
    told = {text.number: (text.title, text.text, dict(text.parameters)) for text in FIRST_EDITION}
    told["W6"] = (*told["W6"][:2], {"hours": hours, "objection_days": 5})
    assert read(2) == told
    assert Clause.objects.get(version__number=1, number="W6").text == "Older words."


def test_an_older_rulebook_gets_the_numbers_of_the_boards_and_keeps_its_own() -> None:
    migration = import_module("apps.policy.migrations.0007_boards_by_pairs")
    with connections["owner"].cursor() as cursor:
        cursor.execute("ALTER TABLE policy_clause DISABLE TRIGGER USER")
        for number, names in migration.MORE.items():
            for name in names:
                cursor.execute(
                    "UPDATE policy_clause SET parameters = parameters - %s WHERE number = %s", [name, number]
                )
        cursor.execute(
            "UPDATE policy_clause SET parameters = parameters || '{\"min_contributors\": 12}' WHERE number = 'R2'"
        )
    for _again in range(2):
        with connections["owner"].schema_editor() as editor:
            migration.adopt(apps, editor)
            migration.declare(apps, editor)
    assert PolicyVersion.objects.count() == 2
    told = {text.number: (text.title, text.text, dict(text.parameters)) for text in FIRST_EDITION}
    told["R2"][2]["min_contributors"] = 12
    assert read(2) == told
