"""A better method of telling likeness is applied to the old founders before anything more is sold."""

from pathlib import Path

from django.db import migrations

_SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("licensing", "0013_promises")]

    operations = [migrations.RunSQL((_SQL / "wall_methods.sql").read_text())]
