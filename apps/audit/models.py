"""The rows of the log. They are only ever inserted, and triggers in the migrations refuse anything else.

Three may change in one way: a salt is forgotten, a key is retired, and a witness is asked no more.
"""

import json
from typing import Any, ClassVar, Self

from django.db import models

from apps.audit.domain.actor import ActorKind


class Entry(models.Model):
    """One thing that happened, written in the transaction that made it happen.

    ``body`` is what the tree is built over; the columns repeat it for searching, and a constraint keeps them equal.
    """

    event = models.CharField(max_length=101)
    actor_kind = models.CharField(max_length=10, choices=[(kind.value, kind.value) for kind in ActorKind])
    actor_pseudonym = models.CharField(max_length=100)
    subject = models.CharField(max_length=162)
    clause = models.CharField(max_length=40, null=True)  # noqa: DJ001 - The body says null, and the column repeats it.
    recorded_at = models.DateTimeField()
    body = models.BinaryField()

    class Meta:
        db_table = "audit_entry"
        indexes = [
            models.Index(fields=["recorded_at", "id"], name="audit_entry_by_time"),
            models.Index(fields=["event", "recorded_at", "id"], name="audit_entry_by_event"),
            models.Index(fields=["actor_pseudonym", "recorded_at", "id"], name="audit_entry_by_actor"),
            models.Index(fields=["subject", "recorded_at", "id"], name="audit_entry_by_subject"),
            models.Index(
                fields=["clause", "recorded_at", "id"],
                name="audit_entry_by_clause",
                condition=models.Q(clause__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.subject}"

    @property
    def ref(self) -> str:
        """The entry as a subject of other entries."""
        return f"audit.entry:{self.pk}"

    @property
    def facts(self) -> dict[str, Any]:
        """The facts, read from the body."""
        facts: dict[str, Any] = json.loads(bytes(self.body))["facts"]
        return facts


class Leaf(models.Model):
    """The place that the sequencer gave to an entry; an entry without one is waiting."""

    entry = models.OneToOneField(Entry, on_delete=models.PROTECT, primary_key=True, related_name="leaf")
    leaf_index = models.BigIntegerField(unique=True)
    leaf_hash = models.BinaryField()

    class Meta:
        db_table = "audit_leaf"

    def __str__(self) -> str:
        return f"leaf {self.leaf_index}"


class Node(models.Model):
    """The root of a complete subtree: ``position`` counts the subtrees of 2^level leaves from the left, level >= 1."""

    pk = models.CompositePrimaryKey("level", "position")
    level = models.SmallIntegerField()
    position = models.BigIntegerField()
    hash = models.BinaryField()

    class Meta:
        db_table = "audit_node"

    def __str__(self) -> str:
        return f"node {self.level}/{self.position}"


class TreeHead(models.Model):
    """The root over the first ``size`` leaves, written with the last of them."""

    size = models.BigIntegerField(primary_key=True)
    root = models.BinaryField()
    at = models.DateTimeField()

    class Meta:
        db_table = "audit_treehead"

    def __str__(self) -> str:
        return f"tree head {self.size}"


class Salt(models.Model):
    """What a commitment to a text was made with; when it is deleted, the commitment opens for nobody."""

    commitment = models.CharField(max_length=64, primary_key=True)
    salt = models.BinaryField()
    subject = models.CharField(max_length=162)

    class Meta:
        db_table = "audit_salt"
        indexes = [models.Index(fields=["subject"], name="audit_salt_by_subject")]

    def __str__(self) -> str:
        return f"salt of {self.commitment[:12]}…"


class PublishedCheckpoint(models.Model):
    """What the log signed: the head of this size, as a signed note with the log's own signatures and no witness's.

    The row is written before anybody sees the note; which checkpoint is public is what stands in the file.
    """

    size = models.BigIntegerField(primary_key=True)
    root = models.BinaryField()
    note = models.BinaryField()
    signed_at = models.DateTimeField()

    class Meta:
        db_table = "audit_checkpoint"
        indexes = [models.Index(fields=["signed_at", "size"], name="audit_checkpoint_by_time")]

    def __str__(self) -> str:
        return f"checkpoint {self.size}"


class LogKey(models.Model):
    """A public key that signs the log's checkpoints, or did; the private half is on the sequencer's machine alone."""

    key_id = models.CharField(max_length=8, primary_key=True)
    vkey = models.CharField(max_length=400, unique=True)
    announced_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "audit_logkey"

    def __str__(self) -> str:
        return f"log key {self.key_id}"

    @property
    def ref(self) -> str:
        """The key as a subject of entries."""
        return f"audit.key:{self.key_id}"


class WitnessQuerySet(models.QuerySet["Witness"]):
    """Witnesses, in the order in which they were added."""

    def in_force(self) -> Self:
        """Return those whose signatures count."""
        return self.filter(ended_at=None).order_by("pk")

    def asked(self) -> Self:
        """Return those in force that the log asks for their signatures."""
        return self.in_force().exclude(address="")


class Witness(models.Model):
    """Somebody who countersigns checkpoints that are consistent with what they saw before.

    ``address`` is where it is asked, or nothing when it only pulls. ``owner_pseudonym`` is the auditor's who runs it,
    or nothing; ``ties`` is what they declared about themselves, for everybody to read, or nothing.
    """

    name = models.CharField(max_length=200)
    vkey = models.CharField(max_length=400)
    address = models.CharField(max_length=400, blank=True)
    owner_pseudonym = models.CharField(max_length=100, blank=True)
    ties = models.CharField(max_length=500, blank=True)
    added_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    objects: ClassVar = WitnessQuerySet.as_manager()

    class Meta:
        db_table = "audit_witness"
        constraints = [
            # A witness that lost its key comes back under its own name with another one.
            models.UniqueConstraint(
                fields=["name"], condition=models.Q(ended_at__isnull=True), name="audit_witness_one_of_a_name"
            ),
        ]

    def __str__(self) -> str:
        return f"witness {self.name}"

    @property
    def ref(self) -> str:
        """The witness as a subject of entries."""
        return f"audit.witness:{self.pk}"


class Cosignature(models.Model):
    """A witness's signature line under one checkpoint, exactly as it came and verified before it was kept."""

    checkpoint = models.ForeignKey(PublishedCheckpoint, on_delete=models.PROTECT, related_name="cosignatures")
    witness = models.ForeignKey(Witness, on_delete=models.PROTECT, related_name="cosignatures")
    line = models.CharField(max_length=600)
    cosigned_at = models.DateTimeField()
    received_at = models.DateTimeField()

    class Meta:
        db_table = "audit_cosignature"
        constraints = [
            models.UniqueConstraint(fields=["witness", "checkpoint"], name="audit_cosignature_one_of_a_witness"),
        ]

    def __str__(self) -> str:
        return f"cosignature of {self.witness_id} under {self.checkpoint_id}"
