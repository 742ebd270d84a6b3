"""A view of the battles in sealed releases, which the floors below may read."""

from pathlib import Path

from django.db import migrations

_SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("licensing", "0005_offers")]

    operations = [migrations.RunSQL((_SQL / "released.sql").read_text(), "DROP VIEW battles_released")]
