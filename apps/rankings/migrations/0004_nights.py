"""A night leaves more behind: parts, months kept as files, tables beside the ratings, boards that stand."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("battles", "0004_turns"),
        ("rankings", "0003_boards_without_released_battles"),
    ]

    operations = [
        migrations.CreateModel(
            name="BoardFact",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("pair_counts", "Pair Counts"),
                            ("evidence", "Evidence"),
                            ("head_to_head", "Head To Head"),
                            ("who_voted", "Who Voted"),
                            ("coverage", "Coverage"),
                            ("completion", "Completion"),
                            ("multiverse", "Multiverse"),
                            ("davidson", "Davidson"),
                            ("style", "Style"),
                            ("population", "Population"),
                        ],
                        max_length=16,
                    ),
                ),
                ("data", models.JSONField()),
            ],
        ),
        migrations.CreateModel(
            name="RefitPart",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "phase",
                    models.CharField(
                        help_text="Which kind of work; the phases of a run follow each other.", max_length=32
                    ),
                ),
                ("key", models.CharField(help_text="Which votes or boards: 2026-09, country=BR, …", max_length=120)),
                (
                    "state",
                    models.CharField(
                        choices=[("due", "Due"), ("running", "Running"), ("done", "Done"), ("failed", "Failed")],
                        default="due",
                        max_length=16,
                    ),
                ),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("claimed_at", models.DateTimeField(blank=True, null=True)),
                ("heartbeat_at", models.DateTimeField(blank=True, null=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("result", models.BinaryField(blank=True, null=True)),
                ("result_sha256", models.CharField(blank=True, max_length=64)),
            ],
        ),
        migrations.CreateModel(
            name="VotePartition",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "month",
                    models.DateField(
                        help_text="The first day; votes cast in it by the database's time zone, UTC.", unique=True
                    ),
                ),
                ("rows", models.PositiveBigIntegerField()),
                (
                    "content_sha256",
                    models.CharField(help_text="Over the columns in the order of the public ids.", max_length=64),
                ),
                ("file_sha256", models.CharField(max_length=64)),
                ("file_bytes", models.PositiveBigIntegerField()),
                ("layout", models.PositiveIntegerField(help_text="The version of the file's columns.")),
                ("written_at", models.DateTimeField()),
                (
                    "stale_since",
                    models.DateTimeField(
                        blank=True, help_text="Somebody was erased, or a vote arrived late.", null=True
                    ),
                ),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="board",
            name="rankings_method_is_known",
        ),
        migrations.AddField(
            model_name="board",
            name="stands_from",
            field=models.ForeignKey(
                blank=True,
                help_text="The earlier board whose numbers still stand, since too few people's votes changed since then.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="standing_in",
                to="rankings.board",
            ),
        ),
        migrations.AddField(
            model_name="snapshot",
            name="correction",
            field=models.CharField(blank=True, help_text="What was wrong with the one it corrects.", max_length=500),
        ),
        migrations.AddField(
            model_name="snapshot",
            name="findings",
            field=models.JSONField(
                default=list, help_text="Sentences such as who is best for whom, with their evidence."
            ),
        ),
        migrations.AddField(
            model_name="snapshot",
            name="moves",
            field=models.JSONField(default=dict, help_text="What changed since the snapshot before, in short."),
        ),
        migrations.AddField(
            model_name="snapshot",
            name="sealed_rows",
            field=models.PositiveBigIntegerField(default=0, help_text="Votes in the sealed input."),
        ),
        migrations.AddField(
            model_name="snapshot",
            name="seeds",
            field=models.JSONField(default=dict, help_text="Seed of every random draw, by its use."),
        ),
        migrations.AlterField(
            model_name="board",
            name="method",
            field=models.CharField(
                choices=[
                    ("plain", "Plain"),
                    ("styled", "Styled"),
                    ("uniform", "Uniform"),
                    ("population", "Population"),
                    ("in_flow", "In Flow"),
                ],
                max_length=16,
            ),
        ),
        migrations.AddConstraint(
            model_name="board",
            constraint=models.CheckConstraint(
                condition=models.Q(("method__in", ["plain", "styled", "uniform", "population", "in_flow"])),
                name="rankings_method_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="board",
            constraint=models.CheckConstraint(
                condition=models.Q(("stands_from", None), ("suppressed_because", ""), _connector="OR"),
                name="rankings_hidden_boards_do_not_stand",
            ),
        ),
        migrations.AddConstraint(
            model_name="snapshot",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("correction", ""), ("corrects", None)),
                    models.Q(("corrects__isnull", False), models.Q(("correction", ""), _negated=True)),
                    _connector="OR",
                ),
                name="rankings_corrections_say_what",
            ),
        ),
        migrations.AddField(
            model_name="boardfact",
            name="board",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="facts", to="rankings.board"
            ),
        ),
        migrations.AddField(
            model_name="refitpart",
            name="run",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="parts", to="rankings.refitrun"
            ),
        ),
        migrations.AddConstraint(
            model_name="votepartition",
            constraint=models.CheckConstraint(
                condition=models.Q(("month__day", 1)), name="rankings_partitions_are_months"
            ),
        ),
        migrations.AddConstraint(
            model_name="boardfact",
            constraint=models.UniqueConstraint(fields=("board", "kind"), name="rankings_fact_once_a_board"),
        ),
        migrations.AddConstraint(
            model_name="boardfact",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "kind__in",
                        [
                            "pair_counts",
                            "evidence",
                            "head_to_head",
                            "who_voted",
                            "coverage",
                            "completion",
                            "multiverse",
                            "davidson",
                            "style",
                            "population",
                        ],
                    )
                ),
                name="rankings_fact_kind_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="refitpart",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["due", "running", "done", "failed"])),
                name="rankings_part_state_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="refitpart",
            constraint=models.UniqueConstraint(fields=("run", "phase", "key"), name="rankings_part_once_a_run"),
        ),
        migrations.AddConstraint(
            model_name="refitpart",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "done"), _negated=True), ("finished_at__isnull", False), _connector="OR"
                ),
                name="rankings_done_parts_say_when",
            ),
        ),
    ]
