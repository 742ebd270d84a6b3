"""What a night at scale needs: who holds a board, when a month's file is stale, and small indexes for what changes."""

import django.db.models.deletion
from django.db import migrations, models

# Codes of a vote that was cast change only where somebody is erased. Whatever does that, the month's file is stale.
STALE = """
CREATE FUNCTION rankings_month_is_stale() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  UPDATE public.rankings_votepartition SET stale_since = clock_timestamp()
  WHERE month = date_trunc('month', OLD.cast_at AT TIME ZONE 'UTC')::date;
  RETURN NULL;
END $$;
CREATE TRIGGER rankings_month_is_stale_when_changed
  AFTER UPDATE OF contributor_id, public_id, nonce, choice, cast_at, country, language, profession, age_band, education,
    category, proof_level ON battles_vote
  FOR EACH ROW EXECUTE FUNCTION rankings_month_is_stale();
CREATE TRIGGER rankings_month_is_stale_when_gone AFTER DELETE ON battles_vote
  FOR EACH ROW EXECUTE FUNCTION rankings_month_is_stale();
REVOKE ALL ON FUNCTION rankings_month_is_stale() FROM PUBLIC;
"""
NOT_STALE = """
DROP TRIGGER rankings_month_is_stale_when_changed ON battles_vote;
DROP TRIGGER rankings_month_is_stale_when_gone ON battles_vote;
DROP FUNCTION rankings_month_is_stale();
"""
# Votes come nearly in the order of their time, so that a few kilobytes tell where a month lies.
INDEXES = """
CREATE INDEX rankings_votes_by_time ON battles_vote USING brin (cast_at) WITH (pages_per_range = 32);
CREATE INDEX rankings_votes_left_out ON battles_vote (id) WHERE excluded_under <> '';
CREATE INDEX rankings_battles_tagged ON battles_battle (id) WHERE tag IS NOT NULL;
"""
NO_INDEXES = """
DROP INDEX rankings_votes_by_time, rankings_votes_left_out, rankings_battles_tagged;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("battles", "0004_turns"),
        ("rankings", "0004_nights"),
    ]

    operations = [
        migrations.CreateModel(
            name="BoardHolding",
            fields=[
                (
                    "board",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="holding",
                        serialize=False,
                        to="rankings.board",
                    ),
                ),
                ("segment", models.CharField(max_length=80)),
                ("is_without_released", models.BooleanField(default=False)),
                (
                    "people",
                    models.BinaryField(
                        help_text="For each contributor a number and a sum over their votes, 16 bytes in all."
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("segment", "is_without_released"), name="rankings_one_holding_a_board"
                    )
                ],
            },
        ),
        migrations.AddField(
            model_name="votepartition",
            name="votes_in_month",
            field=models.PositiveBigIntegerField(
                default=0,
                help_text="Votes of any source cast in the month when the file was written; another number means late ones.",
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="votepartition",
            name="newest_vote",
            field=models.BigIntegerField(default=0, help_text="The largest id among them."),
            preserve_default=False,
        ),
        migrations.AddIndex(
            model_name="votestanding",
            index=models.Index(
                condition=models.Q(("until", None), models.Q(("left_out_because", ""), _negated=True)),
                fields=["vote"],
                name="rankings_standing_aside",
            ),
        ),
        migrations.RunSQL(STALE, NOT_STALE),
        migrations.RunSQL(INDEXES, NO_INDEXES),
    ]
