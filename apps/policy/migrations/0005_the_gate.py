"""The gate before others' words: batches and looks, whose times are the database's own; and the register of ways out."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

# A day's budget is counted by these times. Only the owner's own session brings them along: that is how histories are loaded.
CLOCK = """
CREATE FUNCTION policy_reading_began() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF session_user <> (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = TG_RELID) THEN
    NEW.began_at := clock_timestamp();
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER policy_reading_began BEFORE INSERT ON policy_readingbatch
  FOR EACH ROW EXECUTE FUNCTION policy_reading_began();
ALTER TABLE policy_readingbatch ENABLE ALWAYS TRIGGER policy_reading_began;
CREATE FUNCTION policy_looked_now() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF session_user <> (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = TG_RELID) THEN
    NEW.at := clock_timestamp();
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER policy_looked_now BEFORE INSERT ON policy_contentlook
  FOR EACH ROW EXECUTE FUNCTION policy_looked_now();
ALTER TABLE policy_contentlook ENABLE ALWAYS TRIGGER policy_looked_now;
REVOKE ALL ON FUNCTION policy_reading_began(), policy_looked_now() FROM PUBLIC;
"""
NO_CLOCK = """
DROP TRIGGER policy_reading_began ON policy_readingbatch;
DROP FUNCTION policy_reading_began();
DROP TRIGGER policy_looked_now ON policy_contentlook;
DROP FUNCTION policy_looked_now();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("policy", "0004_the_policy_book"),
    ]

    operations = [
        migrations.CreateModel(
            name="EgressRoute",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.SlugField(max_length=60, unique=True)),
                ("kind", models.CharField(max_length=20)),
                ("title", models.CharField(max_length=120)),
                ("owner", models.CharField(max_length=60)),
                ("carries", models.TextField(help_text="What leaves.")),
                ("because", models.TextField(help_text="Why that is allowed.")),
                (
                    "exits",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=120),
                        help_text="Where in the code, such as url:audit:checkpoint.",
                        size=None,
                    ),
                ),
                ("holds_content", models.BooleanField(help_text="Whether anything of a live battle can be in it.")),
            ],
            options={
                "ordering": ["kind", "name"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "kind__in",
                                [
                                    "page",
                                    "aggregate",
                                    "log",
                                    "own_data",
                                    "release",
                                    "provider",
                                    "mail",
                                    "witness",
                                    "audit",
                                    "operation",
                                    "side_copy",
                                ],
                            )
                        ),
                        name="policy_way_kind_is_known",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ReadingBatch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reader", models.CharField(help_text="A pseudonym, as in the log.", max_length=100)),
                ("role", models.CharField(max_length=32)),
                ("purpose", models.CharField(max_length=32)),
                (
                    "key",
                    models.CharField(
                        blank=True, help_text="The prefix of the key of the API; empty on the web.", max_length=32
                    ),
                ),
                (
                    "began_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        help_text="By the database's clock, set by a trigger.",
                    ),
                ),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "digest",
                    models.CharField(
                        blank=True, help_text="SHA-256 over the looks, as its entry has it.", max_length=64
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["reader", "began_at"], name="policy_batches_of_a_reader")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("closed_at", None)),
                        fields=("reader", "role", "purpose", "key"),
                        name="policy_one_open_batch_a_reader",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("closed_at", None), ("digest", "")),
                            models.Q(("closed_at__isnull", False), ("digest__regex", "^[0-9a-f]{64}$")),
                            _connector="OR",
                        ),
                        name="policy_closed_batches_have_a_digest",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ContentLook",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        help_text="By the database's clock, set by a trigger.",
                    ),
                ),
                (
                    "subjects",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=150),
                        help_text="References such as prompts.prompt:42.",
                        size=None,
                    ),
                ),
                (
                    "counted",
                    models.PositiveIntegerField(help_text="Texts that this person had not read within 24 hours."),
                ),
                (
                    "batch",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="looks", to="policy.readingbatch"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["at"], name="policy_looks_by_time")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("counted__lte", models.F("subjects__len")), ("subjects__len__gt", 0)),
                        name="policy_a_look_is_at_something",
                    )
                ],
            },
        ),
        migrations.RunSQL(CLOCK, NO_CLOCK),
    ]
