"""Closed months of votes, kept as files of codes beside the database."""

from typing import ClassVar

from django.db import models
from django.db.models import Q


class VotePartition(models.Model):
    """One closed month's votes as a Parquet file of codes; a file that differs from its row is written again."""

    month = models.DateField(unique=True, help_text="The first day; votes cast in it by the database's time zone, UTC.")
    rows = models.PositiveBigIntegerField()
    content_sha256 = models.CharField(max_length=64, help_text="Over the columns in the order of the public ids.")
    file_sha256 = models.CharField(max_length=64)
    file_bytes = models.PositiveBigIntegerField()
    votes_in_month = models.PositiveBigIntegerField(
        help_text="Votes of any source cast in the month when the file was written; another number means late ones."
    )
    newest_vote = models.BigIntegerField(help_text="The largest id among them.")
    layout = models.PositiveIntegerField(help_text="The version of the file's columns.")
    written_at = models.DateTimeField()
    stale_since = models.DateTimeField(null=True, blank=True, help_text="Somebody was erased, or a vote arrived late.")

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(month__day=1), name="rankings_partitions_are_months")
        ]

    def __str__(self) -> str:
        return f"votes of {self.month:%Y-%m}"
