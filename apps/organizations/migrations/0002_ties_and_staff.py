"""When the register learned of a tie and of its end, indexes for walking it, and ties of those who work here."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

# What was there before was known from the day on which it began, as far as anybody can say.
_FILL = """
UPDATE organizations_tie SET declared_at = least(declared_at, since::timestamp AT TIME ZONE 'UTC'),
  end_declared_at = CASE WHEN until IS NOT NULL
    THEN least(clock_timestamp(), until::timestamp AT TIME ZONE 'UTC') END;
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("organizations", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="tie",
            name="declared_at",
            field=models.DateTimeField(
                db_default=django.db.models.functions.datetime.Now(), help_text="When the register learned of it."
            ),
        ),
        migrations.AddField(
            model_name="tie",
            name="end_declared_at",
            field=models.DateTimeField(blank=True, help_text="When it learned of the end.", null=True),
        ),
        migrations.RunSQL(_FILL, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name="tie",
            name="held",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="ties_borne",
                to="organizations.organization",
            ),
        ),
        migrations.AlterField(
            model_name="tie",
            name="holder",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="ties_held",
                to="organizations.organization",
            ),
        ),
        migrations.AddIndex(
            model_name="tie",
            index=models.Index(
                fields=["holder", "kind"], include=("held", "since", "until"), name="organizations_ties_by_holder"
            ),
        ),
        migrations.AddIndex(
            model_name="tie",
            index=models.Index(
                fields=["held", "kind"], include=("holder", "since", "until"), name="organizations_ties_by_held"
            ),
        ),
        migrations.AddConstraint(
            model_name="tie",
            constraint=models.CheckConstraint(
                condition=models.Q(("end_declared_at", None), ("until", None))
                | models.Q(("end_declared_at__isnull", False), ("until__isnull", False)),
                name="organizations_an_end_was_declared",
            ),
        ),
        migrations.CreateModel(
            name="StaffTie",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("employment", "I work for"),
                            ("ownership", "I own part of"),
                            ("funding", "I am paid or funded by"),
                            ("office", "I sit on a board of, or advise"),
                            ("household", "Somebody I live with works for or owns part of"),
                        ],
                        max_length=16,
                    ),
                ),
                ("since", models.DateField()),
                (
                    "until",
                    models.DateField(blank=True, help_text="The first day on which it no longer held.", null=True),
                ),
                ("source", models.CharField(help_text="In their own words.", max_length=300)),
                ("declared_at", models.DateTimeField()),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="staff_ties",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="organizations.organization",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["employment", "ownership", "funding", "office", "household"])),
                        name="organizations_staff_tie_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("until", None), ("until__gte", models.F("since")), _connector="OR"),
                        name="organizations_staff_tie_ends_after_it_began",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("until", None)),
                        fields=("account", "organization", "kind"),
                        name="organizations_one_open_staff_tie_of_a_kind",
                    ),
                ],
            },
        ),
    ]
