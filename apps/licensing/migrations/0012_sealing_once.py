"""Sealing judges once, and what is written a million rows at a time is proved once for each statement."""

from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models

_SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("licensing", "0011_clusters_and_turns")]

    operations = [
        migrations.AlterField(
            model_name="releasecandidate",
            name="battle",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="battles.battle",
            ),
        ),
        migrations.AlterField(
            model_name="releasecandidate",
            name="release",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="candidates",
                to="licensing.release",
            ),
        ),
        migrations.RunSQL((_SQL / "sealing_once.sql").read_text()),
    ]
