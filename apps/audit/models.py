"""The rows of the log. All but the salts are only ever inserted; triggers in the migration refuse anything else."""

import json
from typing import Any

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
