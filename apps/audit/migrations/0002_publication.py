"""What is signed, by which keys, and who countersigned it."""

import django.db.models.deletion
from django.db import migrations, models

# A signature is kept only over a head that is stored, with that head's root.
KEEP_SIGNATURES_HONEST = """
ALTER TABLE audit_treehead ADD CONSTRAINT audit_treehead_has_one_root UNIQUE (size, root);
ALTER TABLE audit_checkpoint ADD CONSTRAINT audit_checkpoint_signs_a_head
  FOREIGN KEY (size, root) REFERENCES audit_treehead (size, root);
ALTER TABLE audit_checkpoint ADD CONSTRAINT audit_checkpoint_note_fits CHECK (octet_length(note) BETWEEN 1 AND 1000000);
-- The name a key carries in itself is the one it is found by.
ALTER TABLE audit_logkey ADD CONSTRAINT audit_logkey_id_is_the_keys_own CHECK (
  vkey ~ '^[^+[:space:]]+[+][0-9a-f]{8}[+][A-Za-z0-9+/]+=*$' AND split_part(vkey, '+', 2) = key_id);
ALTER TABLE audit_logkey ADD CONSTRAINT audit_logkey_retires_after_its_announcement CHECK (retired_at >= announced_at);
ALTER TABLE audit_witness ADD CONSTRAINT audit_witness_key_is_its_own CHECK (
  vkey ~ '^[^+[:space:]]+[+][0-9a-f]{8}[+][A-Za-z0-9+/]+=*$' AND split_part(vkey, '+', 1) = name);
ALTER TABLE audit_witness ADD CONSTRAINT audit_witness_ends_after_its_beginning CHECK (ended_at >= added_at);
ALTER TABLE audit_cosignature ADD CONSTRAINT audit_cosignature_is_one_line CHECK (line ~ '^\\u2014 [^\\n]+$');
"""
LET_SIGNATURES_GO = """
ALTER TABLE audit_checkpoint DROP CONSTRAINT audit_checkpoint_signs_a_head;
ALTER TABLE audit_treehead DROP CONSTRAINT audit_treehead_has_one_root;
"""

# A key or a witness may be ended, once, and changes in no other way.
REFUSE_CHANGES = """
CREATE TRIGGER audit_checkpoint_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_checkpoint
  FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
CREATE TRIGGER audit_cosignature_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_cosignature
  FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
CREATE TRIGGER audit_logkey_is_never_exchanged
  BEFORE UPDATE OF key_id, vkey, announced_at OR DELETE OR TRUNCATE ON audit_logkey
  FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
CREATE TRIGGER audit_logkey_retires_once BEFORE UPDATE ON audit_logkey
  FOR EACH ROW WHEN (OLD.retired_at IS NOT NULL) EXECUTE FUNCTION audit_refuse_change();
CREATE TRIGGER audit_witness_is_never_exchanged
  BEFORE UPDATE OF id, name, vkey, address, owner_pseudonym, ties, added_at OR DELETE OR TRUNCATE ON audit_witness
  FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
CREATE TRIGGER audit_witness_ends_once BEFORE UPDATE ON audit_witness
  FOR EACH ROW WHEN (OLD.ended_at IS NOT NULL) EXECUTE FUNCTION audit_refuse_change();
ALTER TABLE audit_checkpoint ENABLE ALWAYS TRIGGER audit_checkpoint_only_grows;
ALTER TABLE audit_cosignature ENABLE ALWAYS TRIGGER audit_cosignature_only_grows;
ALTER TABLE audit_logkey ENABLE ALWAYS TRIGGER audit_logkey_is_never_exchanged;
ALTER TABLE audit_logkey ENABLE ALWAYS TRIGGER audit_logkey_retires_once;
ALTER TABLE audit_witness ENABLE ALWAYS TRIGGER audit_witness_is_never_exchanged;
ALTER TABLE audit_witness ENABLE ALWAYS TRIGGER audit_witness_ends_once;
"""
ALLOW_CHANGES = """
DROP TRIGGER audit_witness_ends_once ON audit_witness;
DROP TRIGGER audit_witness_is_never_exchanged ON audit_witness;
DROP TRIGGER audit_logkey_retires_once ON audit_logkey;
DROP TRIGGER audit_logkey_is_never_exchanged ON audit_logkey;
DROP TRIGGER audit_cosignature_only_grows ON audit_cosignature;
DROP TRIGGER audit_checkpoint_only_grows ON audit_checkpoint;
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="PublishedCheckpoint",
            fields=[
                ("size", models.BigIntegerField(primary_key=True, serialize=False)),
                ("root", models.BinaryField()),
                ("note", models.BinaryField()),
                ("signed_at", models.DateTimeField()),
            ],
            options={
                "db_table": "audit_checkpoint",
            },
        ),
        migrations.CreateModel(
            name="LogKey",
            fields=[
                ("key_id", models.CharField(max_length=8, primary_key=True, serialize=False)),
                ("vkey", models.CharField(max_length=400, unique=True)),
                ("announced_at", models.DateTimeField()),
                ("retired_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "audit_logkey",
            },
        ),
        migrations.CreateModel(
            name="Witness",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=200)),
                ("vkey", models.CharField(max_length=400)),
                ("address", models.CharField(blank=True, max_length=400)),
                ("owner_pseudonym", models.CharField(blank=True, max_length=100)),
                ("ties", models.CharField(blank=True, max_length=500)),
                ("added_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "audit_witness",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=("name",),
                        name="audit_witness_one_of_a_name",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Cosignature",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("line", models.CharField(max_length=600)),
                ("cosigned_at", models.DateTimeField()),
                ("received_at", models.DateTimeField()),
                (
                    "checkpoint",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="cosignatures",
                        to="audit.publishedcheckpoint",
                    ),
                ),
                (
                    "witness",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="cosignatures", to="audit.witness"
                    ),
                ),
            ],
            options={
                "db_table": "audit_cosignature",
                "constraints": [
                    models.UniqueConstraint(fields=("witness", "checkpoint"), name="audit_cosignature_one_of_a_witness")
                ],
            },
        ),
        migrations.RunSQL(KEEP_SIGNATURES_HONEST, LET_SIGNATURES_GO),
        migrations.RunSQL(REFUSE_CHANGES, ALLOW_CHANGES),
    ]
