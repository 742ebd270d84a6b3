"""A key for each licensee, and how many battles a draft named."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("licensing", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="PseudonymKey",
            fields=[
                (
                    "licensee",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="pseudonym_key",
                        serialize=False,
                        to="licensing.licensee",
                    ),
                ),
                ("key", models.BinaryField(help_text="32 random bytes.")),
            ],
        ),
        migrations.AddField(
            model_name="release",
            name="asked",
            field=models.PositiveBigIntegerField(
                default=0, help_text="Battles that the draft named; the rest is the tally."
            ),
        ),
        migrations.AlterField(
            model_name="attempt",
            name="state",
            field=models.CharField(
                choices=[
                    ("attempted", "attempted"),
                    ("done", "done"),
                    ("refused", "refused"),
                    ("interrupted", "interrupted"),
                ],
                default="attempted",
                max_length=16,
            ),
        ),
        migrations.AlterField(
            model_name="release",
            name="state",
            field=models.CharField(
                choices=[("draft", "draft"), ("sealed", "sealed"), ("refused", "refused"), ("cancelled", "cancelled")],
                default="draft",
                max_length=16,
            ),
        ),
        migrations.AddIndex(
            model_name="release",
            index=models.Index(fields=["state", "-drafted_at"], name="licensing_releases_by_state"),
        ),
    ]
