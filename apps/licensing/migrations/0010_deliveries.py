"""Transfers within deliveries, the daily match of reads, and notices of withdrawal with their answers."""

from pathlib import Path

import django.db.models.deletion
import django.db.models.expressions
from django.conf import settings
from django.db import migrations, models

_SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0003_checkpoints_by_time"),
        ("licensing", "0009_sale"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="delivery",
            name="file_bytes",
            field=models.PositiveBigIntegerField(default=0),
            preserve_default=False,
        ),
        migrations.CreateModel(
            name="ReadMatch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField(unique=True)),
                ("lines", models.PositiveIntegerField()),
                ("incidents", models.PositiveIntegerField()),
                ("journal_sha256", models.CharField(max_length=64)),
                ("matched_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Notice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveBigIntegerField(help_text="Of this licensee, from 1, without gaps.")),
                ("is_urgent", models.BooleanField()),
                ("document", models.TextField(help_text="Canonical JSON, as it was signed.")),
                ("sha256", models.CharField(max_length=64, unique=True)),
                ("rows", models.PositiveBigIntegerField()),
                ("issued_at", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
                ("suspends_at", models.DateTimeField()),
                ("reminded_at", models.DateTimeField(blank=True, null=True)),
                ("escalated_at", models.DateTimeField(blank=True, null=True)),
                ("suspended_at", models.DateTimeField(blank=True, null=True)),
                ("acknowledged_at", models.DateTimeField(blank=True, null=True)),
                ("acknowledged_by", models.CharField(blank=True, help_text="As the log names them.", max_length=64)),
                (
                    "acknowledged_name",
                    models.CharField(blank=True, help_text="Who confirms that the rows are gone.", max_length=120),
                ),
                (
                    "licensee",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="notices", to="licensing.licensee"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Letter",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("issued", "issued"),
                            ("reminder", "reminder"),
                            ("overdue", "overdue"),
                            ("suspended", "suspended"),
                        ],
                        max_length=16,
                    ),
                ),
                ("written_at", models.DateTimeField()),
                ("next_try_at", models.DateTimeField()),
                ("tries", models.PositiveIntegerField(default=0)),
                ("sent_at", models.DateTimeField(blank=True, null=True)),
                (
                    "recipient",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "notice",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="letters", to="licensing.notice"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="NoticeRow",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(help_text="The row as the licensee's copy names it.", max_length=32)),
                ("is_urgent", models.BooleanField()),
                ("owed_at", models.DateTimeField()),
                (
                    "licensee",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="withdrawn_rows",
                        to="licensing.licensee",
                    ),
                ),
                (
                    "notice",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="told",
                        to="licensing.notice",
                    ),
                ),
                (
                    "tombstone",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="told", to="licensing.tombstone"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Transfer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("start", models.PositiveBigIntegerField(help_text="First byte.")),
                ("until", models.PositiveBigIntegerField(help_text="First byte behind it.")),
                ("sent", models.PositiveBigIntegerField(default=0)),
                ("began_at", models.DateTimeField()),
                ("seen_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "delivery",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="transfers", to="licensing.delivery"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ReadIncident",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "fault",
                    models.CharField(
                        choices=[
                            ("no-delivery", "no-delivery"),
                            ("no-entry", "no-entry"),
                            ("not-journaled", "not-journaled"),
                            ("journal-changed", "journal-changed"),
                            ("file-changed", "file-changed"),
                            ("file-missing", "file-missing"),
                        ],
                        max_length=24,
                    ),
                ),
                ("key", models.CharField(help_text="The same whenever the same thing is found again.", max_length=80)),
                ("day", models.DateField()),
                ("file", models.CharField(blank=True, max_length=120)),
                ("found_at", models.DateTimeField()),
                (
                    "edition",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="incidents",
                        to="licensing.edition",
                    ),
                ),
                (
                    "transfer",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="incidents",
                        to="licensing.transfer",
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="notice",
            index=models.Index(
                condition=models.Q(("acknowledged_at", None)), fields=["due_at"], name="licensing_notices_unanswered"
            ),
        ),
        migrations.AddConstraint(
            model_name="notice",
            constraint=models.UniqueConstraint(fields=("licensee", "number"), name="licensing_notices_are_counted"),
        ),
        migrations.AddConstraint(
            model_name="notice",
            constraint=models.CheckConstraint(
                condition=models.Q(("due_at__gt", models.F("issued_at")), ("suspends_at__gte", models.F("due_at"))),
                name="licensing_notice_leaves_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="notice",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("acknowledged_at", None), ("acknowledged_by", ""), ("acknowledged_name", "")),
                    models.Q(
                        ("acknowledged_at__isnull", False),
                        models.Q(("acknowledged_by", ""), _negated=True),
                        models.Q(("acknowledged_name", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="licensing_notice_answered_by_somebody",
            ),
        ),
        migrations.AddIndex(
            model_name="letter",
            index=models.Index(
                condition=models.Q(("sent_at", None)), fields=["next_try_at"], name="licensing_letters_due"
            ),
        ),
        migrations.AddConstraint(
            model_name="letter",
            constraint=models.UniqueConstraint(fields=("notice", "kind", "recipient"), name="licensing_letter_once"),
        ),
        migrations.AddConstraint(
            model_name="letter",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["issued", "reminder", "overdue", "suspended"])),
                name="licensing_letter_kind_is_known",
            ),
        ),
        migrations.AddIndex(
            model_name="noticerow",
            index=models.Index(
                condition=models.Q(("notice", None)), fields=["licensee"], name="licensing_rows_waiting"
            ),
        ),
        migrations.AddConstraint(
            model_name="noticerow",
            constraint=models.UniqueConstraint(fields=("licensee", "tombstone"), name="licensing_row_told_once"),
        ),
        migrations.AddConstraint(
            model_name="noticerow",
            constraint=models.UniqueConstraint(fields=("licensee", "name"), name="licensing_row_named_once"),
        ),
        migrations.AddIndex(
            model_name="transfer",
            index=models.Index(fields=["began_at"], name="licensing_transfers_by_time"),
        ),
        migrations.AddIndex(
            model_name="transfer",
            index=models.Index(
                condition=models.Q(("ended_at", None)), fields=["seen_at"], name="licensing_transfers_under_way"
            ),
        ),
        migrations.AddConstraint(
            model_name="transfer",
            constraint=models.CheckConstraint(
                condition=models.Q(("until__gte", models.F("start"))), name="licensing_transfer_has_an_end"
            ),
        ),
        migrations.AddConstraint(
            model_name="transfer",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "sent__lte",
                        django.db.models.expressions.CombinedExpression(models.F("until"), "-", models.F("start")),
                    )
                ),
                name="licensing_transfer_sends_its_part",
            ),
        ),
        migrations.AddConstraint(
            model_name="readincident",
            constraint=models.UniqueConstraint(fields=("fault", "key"), name="licensing_incident_once"),
        ),
        migrations.AddConstraint(
            model_name="readincident",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "fault__in",
                        ["no-delivery", "no-entry", "not-journaled", "journal-changed", "file-changed", "file-missing"],
                    )
                ),
                name="licensing_incident_fault_is_known",
            ),
        ),
        migrations.RunSQL((_SQL / "deliveries.sql").read_text(), (_SQL / "deliveries_away.sql").read_text()),
    ]
