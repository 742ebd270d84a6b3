"""What copies tell of people, fixed once; and editions of the first format go, which nobody had received."""

from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models

_SQL = Path(__file__).parent / "sql"

_FIRST_FORMAT = "DELETE FROM licensing_edition WHERE manifest ->> 'format' = 'showdown-edition/1'"
_TAKE_DOWN = """
DROP TRIGGER wall_refuse_change ON licensing_releasefit;
DROP TRIGGER wall_refuse_change ON licensing_persongeneralization;
DROP TRIGGER wall_refuse_change ON licensing_leftout;
DROP TRIGGER wall_refuse_change ON licensing_editionrevision;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("contributors", "0003_a_withdrawal_stays"),
        ("licensing", "0007_licensees"),
    ]

    operations = [
        migrations.CreateModel(
            name="ReleaseFit",
            fields=[
                (
                    "release",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="fit",
                        serialize=False,
                        to="licensing.release",
                    ),
                ),
                ("k", models.PositiveIntegerField()),
                ("order", models.JSONField(help_text="In which order facts are generalised.")),
                (
                    "levels",
                    models.JSONField(help_text="Level by attribute, for those whose facts were fixed here."),
                ),
                ("hierarchies", models.CharField(help_text="Version of the tables.", max_length=40)),
                ("people", models.PositiveBigIntegerField(help_text="Everybody who voted in the release.")),
                ("left_out", models.PositiveBigIntegerField(help_text="Those of them who are in none of its copies.")),
                ("fitted_at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("left_out__lte", models.F("people"))), name="licensing_some_of_the_people"
                    ),
                    models.CheckConstraint(condition=models.Q(("k__gte", 2)), name="licensing_nobody_stands_alone"),
                ],
            },
        ),
        migrations.CreateModel(
            name="PersonGeneralization",
            fields=[
                (
                    "contributor",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="generalization",
                        serialize=False,
                        to="contributors.contributor",
                    ),
                ),
                ("country", models.CharField(blank=True, max_length=16)),
                ("language", models.CharField(blank=True, max_length=24)),
                ("profession", models.CharField(blank=True, max_length=8)),
                ("age_band", models.CharField(blank=True, max_length=16)),
                ("education", models.CharField(blank=True, max_length=16)),
                (
                    "fit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="fixed", to="licensing.releasefit"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="LeftOut",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "is_later",
                    models.BooleanField(help_text="False: from the beginning. True: since others were taken back."),
                ),
                (
                    "contributor",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="contributors.contributor"
                    ),
                ),
                (
                    "release",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="left_out", to="licensing.release"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("release", "contributor"), name="licensing_left_out_once")
                ],
            },
        ),
        migrations.RunSQL((_SQL / "people.sql").read_text(), _TAKE_DOWN),
        migrations.RunSQL((_SQL / "sealing_many.sql").read_text(), (_SQL / "sealing_as_before.sql").read_text()),
        migrations.RunSQL(_FIRST_FORMAT, migrations.RunSQL.noop),
    ]
