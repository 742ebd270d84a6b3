"""The secret from which a sealed input can be made again, and runs that correct a snapshot."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("rankings", "0005_months_parts_and_holdings"),
    ]

    operations = [
        migrations.CreateModel(
            name="SealedInput",
            fields=[
                (
                    "snapshot",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="sealed_input",
                        serialize=False,
                        to="rankings.snapshot",
                    ),
                ),
                ("secret", models.BinaryField(help_text="32 random bytes.")),
                ("file_bytes", models.PositiveBigIntegerField()),
                ("layout", models.PositiveIntegerField(help_text="The version of the file's columns.")),
            ],
        ),
        migrations.AddField(
            model_name="refitrun",
            name="corrects",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="correcting_runs",
                to="rankings.snapshot",
            ),
        ),
        migrations.AddField(
            model_name="refitrun",
            name="correction",
            field=models.CharField(
                blank=True, default="", help_text="What was wrong with the one it corrects.", max_length=500
            ),
            preserve_default=False,
        ),
        migrations.AddConstraint(
            model_name="refitrun",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("correction", ""), ("corrects", None)),
                    models.Q(("corrects__isnull", False), models.Q(("correction", ""), _negated=True)),
                    _connector="OR",
                ),
                name="rankings_correcting_runs_say_what",
            ),
        ),
    ]
