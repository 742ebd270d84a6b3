"""What the database asks by itself: exchanges of editions, agreements, two to five approvals, ties of approvers."""

from pathlib import Path

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

_SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("battles", "0004_turns"),
        ("contributors", "0004_words_taken"),
        ("licensing", "0012_sealing_once"),
        ("organizations", "0002_ties_and_staff"),
        ("policy", "0006_bounds"),
    ]

    operations = [
        # A row is told of by its battle, whether it was taken back or its voter left out: one key for both.
        migrations.RemoveConstraint(model_name="noticerow", name="licensing_row_told_once"),
        migrations.RenameField(model_name="noticerow", old_name="tombstone", new_name="battle"),
        migrations.AlterField(
            model_name="noticerow",
            name="battle",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="battles.battle"),
        ),
        migrations.AddConstraint(
            model_name="noticerow",
            constraint=models.UniqueConstraint(fields=("licensee", "battle"), name="licensing_row_told_once"),
        ),
        migrations.AddField(
            model_name="leftout",
            name="at",
            field=models.DateTimeField(
                db_default=django.db.models.functions.datetime.Now(), help_text="Since when; the database writes it."
            ),
        ),
        migrations.RunSQL((_SQL / "left_out.sql").read_text()),
        migrations.RemoveConstraint(model_name="approval", name="licensing_two_approvals"),
        migrations.AlterField(
            model_name="approval",
            name="place",
            field=models.PositiveSmallIntegerField(help_text="From 1, in the order of the approvals."),
        ),
        migrations.AddConstraint(
            model_name="approval",
            constraint=models.CheckConstraint(
                condition=models.Q(("place__range", (1, 5))), name="licensing_approvals_have_a_place"
            ),
        ),
        migrations.CreateModel(
            name="Halt",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("found_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "offer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="halts", to="licensing.offer"
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="halt",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at", None)), fields=("offer",), name="licensing_halted_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="halt",
            constraint=models.CheckConstraint(
                condition=models.Q(("ended_at", None), ("ended_at__gte", models.F("found_at")), _connector="OR"),
                name="licensing_halt_ends_after_it_began",
            ),
        ),
        migrations.AddField(
            model_name="objection",
            name="battles",
            field=models.JSONField(default=list, help_text="Items that leave with a remedy."),
        ),
        migrations.AddField(
            model_name="objection",
            name="network",
            field=models.CharField(blank=True, help_text="A mark that nobody can undo.", max_length=64),
        ),
        migrations.AddIndex(
            model_name="objection",
            index=models.Index(
                condition=models.Q(("network", ""), _negated=True),
                fields=["network"],
                name="licensing_objections_of_net",
            ),
        ),
        migrations.RemoveConstraint(model_name="tombstone", name="licensing_tombstone_reason_is_known"),
        migrations.AlterField(
            model_name="tombstone",
            name="reason",
            field=models.CharField(
                choices=[
                    ("consent", "consent withdrawn"),
                    ("prompt", "prompt withdrawn"),
                    ("vote", "vote left out"),
                    ("erased", "erased"),
                    ("objection", "objected to"),
                    ("release", "release withdrawn"),
                ],
                max_length=16,
            ),
        ),
        migrations.AddConstraint(
            model_name="tombstone",
            constraint=models.CheckConstraint(
                condition=models.Q(("reason__in", ["consent", "prompt", "vote", "erased", "objection", "release"])),
                name="licensing_tombstone_reason_is_known",
            ),
        ),
        migrations.CreateModel(
            name="WaitingObjection",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "ground",
                    models.CharField(
                        choices=[
                            ("personal", "It holds personal data"),
                            ("live", "It holds live data, or a near-duplicate of some"),
                            ("consent", "Somebody in it did not agree, or does not any more"),
                            ("ties", "An approver is tied to whoever gets it, or whoever gets it is on the board"),
                            ("agreement", "Whoever gets it breaks the agreement, or will"),
                            ("law", "It is against another law"),
                        ],
                        max_length=16,
                    ),
                ),
                ("words", models.TextField()),
                ("contact", models.CharField(max_length=254)),
                ("network", models.CharField(blank=True, max_length=64)),
                ("came_at", models.DateTimeField()),
                (
                    "offer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="waiting", to="licensing.offer"
                    ),
                ),
            ],
        ),
        migrations.RunSQL((_SQL / "editions_exact.sql").read_text()),
        migrations.RunSQL((_SQL / "standing.sql").read_text()),
        migrations.RunSQL((_SQL / "approvals_many.sql").read_text()),
        migrations.RunSQL((_SQL / "objections_fair.sql").read_text()),
        migrations.RunSQL((_SQL / "erasure.sql").read_text()),
    ]
