"""Let two people change the rulebook, with the database to say what loosens; add the wall's remaining clauses."""

from datetime import UTC, datetime
from pathlib import Path

import django.db.models.deletion
from django.apps.registry import Apps
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from apps.policy.domain.directions import DIRECTIONS
from apps.policy.domain.rulebook import FIRST_EDITION

_SQL = Path(__file__).parent / "sql"
NEW = ("G1", "G2", "W5", "W8", "W9", "W10", "W11", "W12")
MORE = ("W6", "W7")


def adopt(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Write the clauses where the rulebook was written before there were any; those that changed since stay."""
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
        number: {"number": number, "title": text.title, "text": text.text, "parameters": dict(text.parameters)}
        for number, text in first.items()
        if (number in NEW and number not in kept)
        or (number in MORE and (number not in kept or set(text.parameters) - set(kept[number]["parameters"])))
    }
    if not added:
        return
    for number in set(MORE) & added.keys() & kept.keys():
        # A number that was changed since stays as it was changed.
        added[number]["parameters"] |= kept[number]["parameters"]
    model = apps.get_model("policy", "Clause")
    edition = versions.create(
        number=newest.number + 1,
        effective_at=datetime.now(UTC),
        summary="The rest of the wall's clauses, how this book changes, and how live words are read.",
    )
    clauses.bulk_create(model(version=edition, **clause) for clause in {**kept, **added}.values())


def declare(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Say of every parameter to which side it is safer."""
    direction = apps.get_model("policy", "ParameterDirection")
    direction.objects.using(schema_editor.connection.alias).bulk_create(
        direction(clause=clause, name=name, safer=safer.value) for (clause, name), safer in DIRECTIONS.items()
    )


class Migration(migrations.Migration):
    dependencies = [
        ("policy", "0003_auditors_draw_by_lot"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ParameterDirection",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("clause", models.CharField(max_length=8)),
                ("name", models.CharField(max_length=64)),
                (
                    "safer",
                    models.CharField(
                        choices=[("higher", "higher"), ("lower", "lower"), ("none", "none")], max_length=8
                    ),
                ),
            ],
            options={
                "ordering": ["clause", "name"],
                "constraints": [
                    models.UniqueConstraint(fields=("clause", "name"), name="policy_one_direction_each"),
                    models.CheckConstraint(
                        condition=models.Q(("safer__in", ["higher", "lower", "none"])), name="policy_direction_is_known"
                    ),
                ],
            },
        ),
        migrations.AddField(
            model_name="policyversion",
            name="adopted_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="policyversion",
            name="carries",
            field=models.ForeignKey(
                blank=True,
                help_text="The version that was waiting and is written anew, with what was tightened meanwhile.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="policy.policyversion",
            ),
        ),
        migrations.AddField(
            model_name="policyversion",
            name="kind",
            field=models.CharField(
                blank=True,
                choices=[
                    ("tightens", "tightens"),
                    ("loosens", "loosens"),
                    ("mixed", "tightens and changes"),
                    ("changes", "changes"),
                ],
                db_default="",
                default="",
                max_length=16,
            ),
        ),
        migrations.CreateModel(
            name="PolicyProposal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reason", models.CharField(max_length=300)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("proposed", "proposed"),
                            ("adopted", "adopted"),
                            ("rejected", "rejected"),
                            ("withdrawn", "withdrawn"),
                        ],
                        default="proposed",
                        max_length=16,
                    ),
                ),
                ("proposed_at", models.DateTimeField()),
                ("backtested_at", models.DateTimeField(blank=True, null=True)),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                ("decision", models.CharField(blank=True, help_text="Why it was rejected.", max_length=300)),
                (
                    "kind",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("tightens", "tightens"),
                            ("loosens", "loosens"),
                            ("mixed", "tightens and changes"),
                            ("changes", "changes"),
                        ],
                        default="",
                        max_length=16,
                    ),
                ),
                ("effective_at", models.DateTimeField(blank=True, null=True)),
                (
                    "based_on",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="policy.policyversion"
                    ),
                ),
                (
                    "proposer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "second",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ClauseProposal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.CharField(max_length=8)),
                ("title", models.CharField(blank=True, max_length=120)),
                ("text", models.TextField(blank=True)),
                ("parameters", models.JSONField(blank=True, default=dict)),
                ("is_removed", models.BooleanField(default=False)),
                (
                    "proposal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="clauses", to="policy.policyproposal"
                    ),
                ),
            ],
            options={
                "ordering": ["number"],
            },
        ),
        migrations.CreateModel(
            name="BackTest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("subject", models.CharField(help_text="A reference, such as licensing.release:12.", max_length=100)),
                (
                    "held",
                    models.BooleanField(
                        help_text="Whether every rule held under the version that the proposal is based on."
                    ),
                ),
                ("holds", models.BooleanField(help_text="Whether every rule would hold under the proposal.")),
                (
                    "verdicts",
                    models.JSONField(
                        default=list, help_text="Rule by rule: what was counted, and against which number."
                    ),
                ),
                ("tested_at", models.DateTimeField()),
                (
                    "proposal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="back_tests",
                        to="policy.policyproposal",
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="policyversion",
            name="proposal",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="versions",
                to="policy.policyproposal",
            ),
        ),
        migrations.AddConstraint(
            model_name="policyproposal",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["proposed", "adopted", "rejected", "withdrawn"])),
                name="policy_proposal_state_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="policyproposal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("second", None), models.Q(("second", models.F("proposer")), _negated=True), _connector="OR"
                ),
                name="policy_two_people_change_the_book",
            ),
        ),
        migrations.AddConstraint(
            model_name="policyproposal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state__in", ["adopted", "rejected"]), _negated=True),
                    models.Q(("decided_at__isnull", False), ("second__isnull", False)),
                    _connector="OR",
                ),
                name="policy_a_second_person_decides",
            ),
        ),
        migrations.AddConstraint(
            model_name="policyproposal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "adopted"), _negated=True),
                    models.Q(
                        ("backtested_at__isnull", False),
                        ("effective_at__isnull", False),
                        models.Q(("kind", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="policy_adopted_ones_were_tested",
            ),
        ),
        migrations.AddConstraint(
            model_name="policyproposal",
            constraint=models.CheckConstraint(
                condition=models.Q(("reason", ""), _negated=True), name="policy_proposals_have_a_reason"
            ),
        ),
        migrations.AddConstraint(
            model_name="clauseproposal",
            constraint=models.UniqueConstraint(fields=("proposal", "number"), name="policy_clause_once_per_proposal"),
        ),
        migrations.AddConstraint(
            model_name="clauseproposal",
            constraint=models.CheckConstraint(
                condition=models.Q(("number__regex", "^[A-Z][1-9][0-9]{0,2}$")), name="policy_proposed_number_is_one"
            ),
        ),
        migrations.AddConstraint(
            model_name="clauseproposal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("is_removed", True),
                    models.Q(models.Q(("title", ""), _negated=True), models.Q(("text", ""), _negated=True)),
                    _connector="OR",
                ),
                name="policy_proposed_clause_has_words",
            ),
        ),
        migrations.AddConstraint(
            model_name="backtest",
            constraint=models.UniqueConstraint(fields=("proposal", "subject"), name="policy_one_back_test_each"),
        ),
        migrations.RunPython(adopt, migrations.RunPython.noop),
        migrations.RunPython(declare, migrations.RunPython.noop),
        # What is written has foreign keys to check at the end; a table with such work waiting cannot be altered.
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop),
        migrations.RunSQL((_SQL / "book_rules.sql").read_text(), migrations.RunSQL.noop),
        migrations.RunSQL((_SQL / "book_functions.sql").read_text(), (_SQL / "book_away.sql").read_text()),
    ]
