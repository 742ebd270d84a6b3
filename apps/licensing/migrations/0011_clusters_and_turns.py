"""Likeness to what was sold, further turns as live events, and clauses that the database itself goes by."""

from pathlib import Path

from django.db import migrations

_SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("licensing", "0010_deliveries"),
        ("battles", "0004_turns"),
        ("policy", "0002_first_edition"),
        ("prompts", "0002_resemblance"),
    ]

    operations = [
        migrations.RunSQL((_SQL / "wall_near.sql").read_text()),
        migrations.RunSQL((_SQL / "wall_turns.sql").read_text()),
        migrations.RunSQL((_SQL / "wall_opening.sql").read_text()),
        migrations.RunSQL((_SQL / "wall_judging.sql").read_text()),
    ]
