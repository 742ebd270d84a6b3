"""The wall: the tables, functions and triggers that keep live battles out of every release."""

from pathlib import Path

from django.db import migrations

_SQL = Path(__file__).parent / "sql"

_TAKE_DOWN = """
DO $$
DECLARE
  each record;
BEGIN
  FOR each IN SELECT tgrelid::regclass AS table_name, tgname FROM pg_trigger WHERE tgname LIKE 'wall\\_%' LOOP
    EXECUTE format('DROP TRIGGER %I ON %s', each.tgname, each.table_name);
  END LOOP;
  FOR each IN SELECT oid::regprocedure AS signature FROM pg_proc
    WHERE pronamespace = 'public'::regnamespace AND proname LIKE 'wall\\_%' LOOP
    EXECUTE format('DROP FUNCTION %s', each.signature);
  END LOOP;
END $$;
DROP FUNCTION cluster_is_released(bigint), retire_cluster(bigint, integer), revive_cluster(bigint),
  merge_clusters(bigint, bigint), seal_release(bigint, bigint[]), cancel_release(bigint);
DROP TABLE release_item, eligible_battle_cluster, eligible_battle, retired_cluster;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("licensing", "0002_keys_and_counts"),
        ("battles", "0001_initial"),
        ("prompts", "0001_initial"),
    ]

    operations = [
        migrations.RunSQL((_SQL / "wall_tables.sql").read_text(), migrations.RunSQL.noop),
        migrations.RunSQL((_SQL / "wall_functions.sql").read_text(), migrations.RunSQL.noop),
        migrations.RunSQL((_SQL / "wall_triggers.sql").read_text(), _TAKE_DOWN),
    ]
