"""What an auditor's role sees of draws: those of battles that have ended, and no other.

The view runs with its owner's rights, and ``security_barrier`` keeps a condition of the reader's from being tried on
rows that the view leaves out. A migration that changes one of its columns has to make it anew.
"""

from django.db import migrations

_VIEW = """
CREATE VIEW battle_draw WITH (security_barrier = true) AS
SELECT id AS battle_id, left_model_id, right_model_id, left_endpoint_id, right_endpoint_id, pair_probability
FROM battles_battle WHERE state IN ('voted', 'voided', 'skipped', 'expired')
"""


class Migration(migrations.Migration):
    dependencies = [("battles", "0002_the_words_of_categories")]

    operations = [migrations.RunSQL(_VIEW, "DROP VIEW battle_draw")]
