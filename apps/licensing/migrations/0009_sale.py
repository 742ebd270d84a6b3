"""From sealing to opening: attempts at every act, objections, and the functions by which alone an offer goes on."""

from pathlib import Path

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

_SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("licensing", "0008_people"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Objection",
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
                ("contact", models.CharField(blank=True, max_length=254)),
                ("made_at", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "open"),
                            ("dismissed", "dismissed"),
                            ("remedied", "upheld: goes on without the rows in question"),
                            ("upheld", "upheld: the offer ends"),
                        ],
                        default="open",
                        max_length=16,
                    ),
                ),
                (
                    "outcome",
                    models.CharField(blank=True, help_text="What the first of the two proposes.", max_length=16),
                ),
                ("public_reason", models.TextField(blank=True)),
                ("proposed_at", models.DateTimeField(blank=True, null=True)),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                ("escalated_at", models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="offer",
            name="licensing_announced_by_four",
        ),
        migrations.AddField(
            model_name="attempt",
            name="code",
            field=models.CharField(blank=True, help_text="The kind of refusal.", max_length=64),
        ),
        migrations.AddField(
            model_name="attempt",
            name="entry",
            field=models.PositiveBigIntegerField(
                blank=True, help_text="Of the log, in which it was closed.", null=True
            ),
        ),
        migrations.AddField(
            model_name="attempt",
            name="licensee",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="licensing.licensee",
            ),
        ),
        migrations.AddField(
            model_name="attempt",
            name="offer",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="attempts",
                to="licensing.offer",
            ),
        ),
        migrations.AddField(
            model_name="attempt",
            name="words",
            field=models.CharField(blank=True, help_text="Public: what whoever said no said.", max_length=1000),
        ),
        migrations.AlterField(
            model_name="attempt",
            name="act",
            field=models.CharField(
                choices=[("draft", "draft"), ("seal", "seal"), ("approve", "approve"), ("open", "open")], max_length=16
            ),
        ),
        migrations.AlterField(
            model_name="attempt",
            name="release",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="attempts",
                to="licensing.release",
            ),
        ),
        migrations.AddIndex(
            model_name="attempt",
            index=models.Index(
                condition=models.Q(("state", "refused")),
                fields=["-closed_at", "-id"],
                name="licensing_refusals_by_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="attempt",
            constraint=models.CheckConstraint(
                condition=models.Q(("act__in", ["draft", "seal", "approve", "open"])),
                name="licensing_attempt_act_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="attempt",
            constraint=models.CheckConstraint(
                condition=models.Q(("release__isnull", False), ("licensee__isnull", False), _connector="OR"),
                name="licensing_attempts_are_about_something",
            ),
        ),
        migrations.AddConstraint(
            model_name="offer",
            constraint=models.CheckConstraint(
                condition=models.Q(("announced_at", None), ("lock_hours__gte", 72), _connector="OR"),
                name="licensing_lock_has_a_floor",
            ),
        ),
        migrations.AddConstraint(
            model_name="offer",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state__in", ["announced", "suspended", "open"]), _negated=True),
                    models.Q(
                        ("requester__isnull", False),
                        ("first_approver__isnull", False),
                        ("second_approver__isnull", False),
                        models.Q(("digest", ""), _negated=True),
                        ("announced_at__isnull", False),
                        ("opens_at__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="licensing_announced_by_four",
            ),
        ),
        migrations.AddField(
            model_name="objection",
            name="account",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="objection",
            name="decided_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="objection",
            name="offer",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="objections", to="licensing.offer"
            ),
        ),
        migrations.AddField(
            model_name="objection",
            name="proposed_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddIndex(
            model_name="objection",
            index=models.Index(
                condition=models.Q(("state", "open")), fields=["due_at"], name="licensing_open_objections"
            ),
        ),
        migrations.AddConstraint(
            model_name="objection",
            constraint=models.CheckConstraint(
                condition=models.Q(("ground__in", ["personal", "live", "consent", "ties", "agreement", "law"])),
                name="licensing_objection_ground_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="objection",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["open", "dismissed", "remedied", "upheld"])),
                name="licensing_objection_state_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="objection",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("account__isnull", False), models.Q(("contact", ""), _negated=True), _connector="OR"
                ),
                name="licensing_objectors_can_be_answered",
            ),
        ),
        migrations.AddConstraint(
            model_name="objection",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("decided_at", None), ("decided_by", None), ("state", "open")),
                    models.Q(
                        models.Q(("state", "open"), _negated=True),
                        ("decided_by__isnull", False),
                        ("proposed_by__isnull", False),
                        ("state", models.F("outcome")),
                        ("decided_at__isnull", False),
                        models.Q(("public_reason", ""), _negated=True),
                        models.Q(("decided_by", models.F("proposed_by")), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="licensing_two_decide_an_objection",
            ),
        ),
        migrations.RunSQL((_SQL / "offers_forward.sql").read_text(), (_SQL / "offers_back.sql").read_text()),
        migrations.RunSQL((_SQL / "offers_objections.sql").read_text(), migrations.RunSQL.noop),
    ]
