"""The wall keeps words where screening put them, and gives no cluster to a battle whose words have none."""

from pathlib import Path

from django.db import migrations

_SQL = Path(__file__).parent / "sql"

_TAKE_DOWN = """
DROP TRIGGER wall_for_words ON battle_cluster;
DROP TRIGGER wall_keep_screening ON prompts_prompt;
DROP TRIGGER wall_keep_words ON prompts_prompt;
DROP TRIGGER wall_on_twin ON prompts_prompt;
DROP FUNCTION wall_for_words(), wall_has_clustered_words(bigint), wall_keep_words(), wall_on_twin();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("licensing", "0003_wall"),
        ("battles", "0001_initial"),
        ("prompts", "0001_initial"),
    ]

    operations = [migrations.RunSQL((_SQL / "wall_words.sql").read_text(), _TAKE_DOWN)]
