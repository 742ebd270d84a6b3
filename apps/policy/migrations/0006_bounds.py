"""The numbers of the wall that no version moves, as CHECKs of the rulebook's own table."""

from pathlib import Path

from django.db import migrations

_SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("policy", "0005_the_gate")]

    operations = [
        migrations.RunSQL((_SQL / "book_bounds.sql").read_text(), (_SQL / "book_bounds_away.sql").read_text()),
    ]
