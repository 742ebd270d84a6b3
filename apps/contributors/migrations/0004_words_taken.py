"""Who took their own words away, and when by the database's own clock."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

CLOCK = """
CREATE FUNCTION contributors_taken_now() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF session_user <> (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = TG_RELID) THEN
    NEW.at := clock_timestamp();
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER contributors_taken_now BEFORE INSERT ON contributors_ownexport
  FOR EACH ROW EXECUTE FUNCTION contributors_taken_now();
ALTER TABLE contributors_ownexport ENABLE ALWAYS TRIGGER contributors_taken_now;
REVOKE ALL ON FUNCTION contributors_taken_now() FROM PUBLIC;
"""
NO_CLOCK = """
DROP TRIGGER contributors_taken_now ON contributors_ownexport;
DROP FUNCTION contributors_taken_now();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("contributors", "0003_a_withdrawal_stays"),
    ]

    operations = [
        migrations.CreateModel(
            name="OwnExport",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        help_text="By the database's clock, set by a trigger.",
                    ),
                ),
                (
                    "contributor",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="own_exports",
                        to="contributors.contributor",
                    ),
                ),
                (
                    "network",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="own_exports",
                        to="contributors.network",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["network", "at"], name="contributors_exports_by_time")],
            },
        ),
        migrations.RunSQL(CLOCK, NO_CLOCK),
    ]
