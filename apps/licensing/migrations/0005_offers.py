"""Offers of a sealed release: editions that are approved, announced and opened together; deliveries and tombstones."""

from pathlib import Path

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

_SQL = Path(__file__).parent / "sql"

# Editions of before were built for the one licensee of their release, and nobody had approved anything.
_FILL = """
INSERT INTO licensing_offer (release_id, number, state, policy_version, builder_id, digest, created_at, ended_clause)
SELECT r.id, 1, 'building', r.policy_version, r.drafted_by_id, '', r.sealed_at, ''
FROM licensing_release r WHERE r.state = 'sealed';
INSERT INTO licensing_offerlicensee (offer_id, licensee_id)
SELECT o.id, r.licensee_id FROM licensing_offer o JOIN licensing_release r ON r.id = o.release_id;
-- An edition whose release was cancelled has gone from the disk.
DELETE FROM licensing_edition e WHERE NOT EXISTS (SELECT 1 FROM licensing_offer o WHERE o.release_id = e.release_id);
UPDATE licensing_edition e SET offer_id = o.id, licensee_id = r.licensee_id, ordinal = (
  SELECT count(*) FROM licensing_edition b JOIN licensing_release br ON br.id = b.release_id
  WHERE br.licensee_id = r.licensee_id AND b.id < e.id)
FROM licensing_offer o JOIN licensing_release r ON r.id = o.release_id WHERE o.release_id = e.release_id;
-- The keys of these rows are looked at now, since a table with a check to come is not altered.
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("battles", "0003_draws_of_ended_battles"),
        ("licensing", "0004_words_stay"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Approval",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("place", models.PositiveSmallIntegerField(help_text="1 or 2.")),
                ("digest", models.CharField(max_length=64)),
                ("approved_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Delivery",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("counter", models.PositiveBigIntegerField(help_text="Of this licensee, from 1, without gaps.")),
                ("revision", models.PositiveIntegerField()),
                ("file", models.CharField(max_length=120)),
                ("file_sha256", models.CharField(max_length=64)),
                ("via", models.CharField(choices=[("web", "web"), ("api", "api")], max_length=8)),
                ("pseudonym", models.CharField(help_text="Who fetched it, as the log names them.", max_length=64)),
                (
                    "state",
                    models.CharField(
                        choices=[("claimed", "begun"), ("finished", "finished"), ("broken", "broken off")],
                        default="claimed",
                        max_length=16,
                    ),
                ),
                ("started_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("bytes_sent", models.PositiveBigIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name="EditionRevision",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                ("manifest", models.JSONField()),
                ("manifest_sha256", models.CharField(max_length=64)),
                ("rows", models.PositiveBigIntegerField()),
                ("built_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Offer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveSmallIntegerField(help_text="Within the release, from 1.")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("building", "being built"),
                            ("awaiting", "awaiting approval"),
                            ("announced", "announced"),
                            ("suspended", "suspended"),
                            ("open", "open"),
                            ("refused", "refused"),
                            ("cancelled", "cancelled"),
                            ("withdrawn", "withdrawn"),
                        ],
                        default="building",
                        max_length=16,
                    ),
                ),
                ("policy_version", models.PositiveIntegerField()),
                ("digest", models.CharField(blank=True, max_length=64)),
                ("created_at", models.DateTimeField()),
                ("announced_at", models.DateTimeField(blank=True, null=True)),
                ("lock_hours", models.PositiveIntegerField(blank=True, null=True)),
                ("opens_at", models.DateTimeField(blank=True, null=True)),
                ("suspended_at", models.DateTimeField(blank=True, null=True)),
                ("opened_at", models.DateTimeField(blank=True, null=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("ended_clause", models.CharField(blank=True, max_length=8)),
            ],
        ),
        migrations.CreateModel(
            name="OfferLicensee",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ],
        ),
        migrations.CreateModel(
            name="Tombstone",
            fields=[
                (
                    "battle",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="tombstone",
                        serialize=False,
                        to="battles.battle",
                    ),
                ),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("consent", "consent withdrawn"),
                            ("prompt", "prompt withdrawn"),
                            ("vote", "vote left out"),
                            ("erased", "erased"),
                            ("release", "release withdrawn"),
                        ],
                        max_length=16,
                    ),
                ),
                ("is_urgent", models.BooleanField(default=False)),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="release",
            name="licensing_release_state_is_known",
        ),
        migrations.RemoveConstraint(
            model_name="release",
            name="licensing_sealed_ones_have_a_root",
        ),
        migrations.AddField(
            model_name="edition",
            name="licensee",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="editions", to="licensing.licensee"
            ),
        ),
        migrations.AddField(
            model_name="edition",
            name="ordinal",
            field=models.PositiveIntegerField(
                null=True, help_text="Editions of this licensee that were counted before it."
            ),
        ),
        migrations.AddField(
            model_name="edition",
            name="revision",
            field=models.PositiveIntegerField(default=0, help_text="0 is the one that was approved."),
        ),
        migrations.AddField(
            model_name="release",
            name="withdrawn_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AlterField(
            model_name="edition",
            name="release",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="editions", to="licensing.release"
            ),
        ),
        migrations.AlterField(
            model_name="release",
            name="licensee",
            field=models.ForeignKey(
                help_text="For whom it was first asked.",
                on_delete=django.db.models.deletion.PROTECT,
                related_name="releases",
                to="licensing.licensee",
            ),
        ),
        migrations.AlterField(
            model_name="release",
            name="state",
            field=models.CharField(
                choices=[
                    ("draft", "draft"),
                    ("sealed", "sealed"),
                    ("refused", "refused"),
                    ("cancelled", "cancelled"),
                    ("withdrawn", "withdrawn"),
                ],
                default="draft",
                max_length=16,
            ),
        ),
        migrations.AddConstraint(
            model_name="release",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["draft", "sealed", "refused", "cancelled", "withdrawn"])),
                name="licensing_release_state_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="release",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state__in", ["sealed", "withdrawn"]), _negated=True),
                    models.Q(
                        ("sealed_at__isnull", False), models.Q(("items_root", ""), _negated=True), ("items__gt", 0)
                    ),
                    _connector="OR",
                ),
                name="licensing_sealed_ones_have_a_root",
            ),
        ),
        migrations.AddField(
            model_name="approval",
            name="approver",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="delivery",
            name="edition",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="deliveries", to="licensing.edition"
            ),
        ),
        migrations.AddField(
            model_name="delivery",
            name="licensee",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="deliveries", to="licensing.licensee"
            ),
        ),
        migrations.AddField(
            model_name="editionrevision",
            name="edition",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="revisions", to="licensing.edition"
            ),
        ),
        migrations.AddField(
            model_name="offer",
            name="builder",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="offer",
            name="first_approver",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="offer",
            name="release",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="offers", to="licensing.release"
            ),
        ),
        migrations.AddField(
            model_name="offer",
            name="requester",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="offer",
            name="second_approver",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="approval",
            name="offer",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="approvals", to="licensing.offer"
            ),
        ),
        migrations.AddField(
            model_name="edition",
            name="offer",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="editions", to="licensing.offer"
            ),
        ),
        migrations.AddField(
            model_name="offerlicensee",
            name="licensee",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="offers", to="licensing.licensee"
            ),
        ),
        migrations.AddField(
            model_name="offerlicensee",
            name="offer",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="recipients", to="licensing.offer"
            ),
        ),
        migrations.AddConstraint(
            model_name="tombstone",
            constraint=models.CheckConstraint(
                condition=models.Q(("reason__in", ["consent", "prompt", "vote", "erased", "release"])),
                name="licensing_tombstone_reason_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.UniqueConstraint(fields=("licensee", "counter"), name="licensing_deliveries_are_counted"),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["claimed", "finished", "broken"])),
                name="licensing_delivery_state_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.CheckConstraint(
                condition=models.Q(("counter__gte", 1)), name="licensing_deliveries_count_from_one"
            ),
        ),
        migrations.AddConstraint(
            model_name="editionrevision",
            constraint=models.UniqueConstraint(fields=("edition", "number"), name="licensing_revision_numbers"),
        ),
        migrations.AddConstraint(
            model_name="offer",
            constraint=models.UniqueConstraint(fields=("release", "number"), name="licensing_offer_numbers"),
        ),
        migrations.AddConstraint(
            model_name="offer",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "state__in",
                        ["building", "awaiting", "announced", "suspended", "open", "refused", "cancelled", "withdrawn"],
                    )
                ),
                name="licensing_offer_state_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="offer",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("requester", None),
                        ("builder", None),
                        models.Q(("requester", models.F("builder")), _negated=True),
                        _connector="OR",
                    ),
                    models.Q(
                        ("requester", None),
                        ("first_approver", None),
                        models.Q(("requester", models.F("first_approver")), _negated=True),
                        _connector="OR",
                    ),
                    models.Q(
                        ("requester", None),
                        ("second_approver", None),
                        models.Q(("requester", models.F("second_approver")), _negated=True),
                        _connector="OR",
                    ),
                    models.Q(
                        ("builder", None),
                        ("first_approver", None),
                        models.Q(("builder", models.F("first_approver")), _negated=True),
                        _connector="OR",
                    ),
                    models.Q(
                        ("builder", None),
                        ("second_approver", None),
                        models.Q(("builder", models.F("second_approver")), _negated=True),
                        _connector="OR",
                    ),
                    models.Q(
                        ("first_approver", None),
                        ("second_approver", None),
                        models.Q(("first_approver", models.F("second_approver")), _negated=True),
                        _connector="OR",
                    ),
                ),
                name="licensing_four_people",
            ),
        ),
        migrations.AddConstraint(
            model_name="offer",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state__in", ["announced", "open"]), _negated=True),
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
        migrations.AddConstraint(
            model_name="offer",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "open"), _negated=True),
                    models.Q(("opened_at__isnull", False), ("opened_at__gte", models.F("opens_at"))),
                    _connector="OR",
                ),
                name="licensing_opened_after_the_lock",
            ),
        ),
        migrations.AddConstraint(
            model_name="approval",
            constraint=models.UniqueConstraint(fields=("offer", "place"), name="licensing_approval_places"),
        ),
        migrations.AddConstraint(
            model_name="approval",
            constraint=models.UniqueConstraint(fields=("offer", "approver"), name="licensing_approves_once"),
        ),
        migrations.AddConstraint(
            model_name="approval",
            constraint=models.CheckConstraint(
                condition=models.Q(("place__in", [1, 2])), name="licensing_two_approvals"
            ),
        ),
        migrations.AddConstraint(
            model_name="offerlicensee",
            constraint=models.UniqueConstraint(fields=("offer", "licensee"), name="licensing_offered_once"),
        ),
        migrations.RunSQL(_FILL, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name="edition",
            name="offer",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="editions", to="licensing.offer"
            ),
        ),
        migrations.AlterField(
            model_name="edition",
            name="licensee",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="editions", to="licensing.licensee"
            ),
        ),
        migrations.AlterField(
            model_name="edition",
            name="ordinal",
            field=models.PositiveIntegerField(help_text="Editions of this licensee that were counted before it."),
        ),
        migrations.AddConstraint(
            model_name="edition",
            constraint=models.UniqueConstraint(fields=("release", "licensee"), name="licensing_one_edition_each"),
        ),
        migrations.AddConstraint(
            model_name="edition",
            constraint=models.UniqueConstraint(fields=("licensee", "ordinal"), name="licensing_editions_are_counted"),
        ),
        migrations.RunSQL((_SQL / "offers.sql").read_text(), (_SQL / "offers_away.sql").read_text()),
    ]
