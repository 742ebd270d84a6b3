"""Boards say how many of their votes rest on battles that were sold since, and stand once more without them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("battles", "0003_draws_of_ended_battles"),
        ("rankings", "0002_which_votes_counted"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="board",
            name="rankings_board_once",
        ),
        migrations.AddField(
            model_name="board",
            name="is_without_released",
            field=models.BooleanField(
                default=False, help_text="The same board without the votes on battles that were sold since."
            ),
        ),
        migrations.AddField(
            model_name="board",
            name="on_released",
            field=models.PositiveBigIntegerField(default=0, help_text="Votes in it whose battle was sold since."),
        ),
        migrations.AddConstraint(
            model_name="board",
            constraint=models.UniqueConstraint(
                fields=("snapshot", "segment", "method", "is_without_released"), name="rankings_board_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="board",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("on_released__lte", models.F("votes")),
                    models.Q(("is_without_released", False), ("on_released", 0), _connector="OR"),
                ),
                name="rankings_released_ones_are_of_its_votes",
            ),
        ),
    ]
