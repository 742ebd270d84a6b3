"""Boards, the ratings on them, and what else is published about each."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from apps.battles.models import ImportedDataset, LanguageModel
from apps.rankings.models.snapshots import Snapshot


class Method(models.TextChoices):
    """How a board was fitted."""

    PLAIN = "plain"
    STYLED = "styled"
    UNIFORM = "uniform"
    POPULATION = "population"
    IN_FLOW = "in_flow"


class Board(models.Model):
    """One ranking: a segment of the votes fitted by one method."""

    snapshot = models.ForeignKey(Snapshot, on_delete=models.CASCADE, related_name="boards")
    dataset = models.ForeignKey(ImportedDataset, on_delete=models.PROTECT, null=True, blank=True, related_name="boards")
    segment = models.CharField(max_length=80, help_text="everyone, country=BR, language=pt, dataset=12, …")
    method = models.CharField(max_length=16, choices=Method.choices)
    is_without_released = models.BooleanField(
        default=False, help_text="The same board without the votes on battles that were sold since."
    )
    votes = models.PositiveBigIntegerField()
    on_released = models.PositiveBigIntegerField(default=0, help_text="Votes in it whose battle was sold since.")
    contributors = models.PositiveIntegerField()
    suppressed_because = models.CharField(max_length=200, blank=True)
    fit = models.JSONField(default=dict, help_text="Parameters, style coefficients, models that cannot be ranked.")
    stands_from = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="standing_in",
        help_text="The earlier board whose numbers still stand, since too few people's votes changed since then.",
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["snapshot", "segment", "method", "is_without_released"], name="rankings_board_once"
            ),
            models.CheckConstraint(
                condition=Q(on_released__lte=models.F("votes")) & (Q(is_without_released=False) | Q(on_released=0)),
                name="rankings_released_ones_are_of_its_votes",
            ),
            models.CheckConstraint(condition=Q(method__in=Method.values), name="rankings_method_is_known"),
            models.CheckConstraint(
                condition=Q(stands_from=None) | Q(suppressed_because=""), name="rankings_hidden_boards_do_not_stand"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.segment} ({self.method}) of snapshot {self.snapshot_id}"


class Rating(models.Model):
    """One model on one board; numbers are whole millionths of a rating point."""

    board = models.ForeignKey(Board, on_delete=models.CASCADE, related_name="ratings")
    model = models.ForeignKey(LanguageModel, on_delete=models.PROTECT, related_name="ratings")
    rating = models.BigIntegerField()
    lower = models.BigIntegerField(null=True, blank=True)
    upper = models.BigIntegerField(null=True, blank=True)
    rank = models.PositiveIntegerField()
    rank_low = models.PositiveIntegerField()
    rank_high = models.PositiveIntegerField()
    votes = models.PositiveBigIntegerField()
    contributors = models.PositiveIntegerField()

    class Meta:
        ordering: ClassVar = ["rank", "-rating"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["board", "model"], name="rankings_model_once_a_board"),
            models.CheckConstraint(
                condition=Q(lower=None, upper=None) | Q(lower__lte=models.F("rating"), upper__gte=models.F("rating")),
                name="rankings_interval_holds_its_rating",
            ),
        ]

    def __str__(self) -> str:
        return f"model {self.model_id} on board {self.board_id}"


class BoardHolding(models.Model):
    """Whose votes a published board rests on; it decides when enough of them changed, and never leaves the platform."""

    board = models.OneToOneField(Board, on_delete=models.CASCADE, primary_key=True, related_name="holding")
    segment = models.CharField(max_length=80)
    is_without_released = models.BooleanField(default=False)
    people = models.BinaryField(help_text="For each contributor a number and a sum over their votes, 16 bytes in all.")

    class Meta:
        constraints: ClassVar = [
            # What a board rested on before its last publication is nobody's business any more.
            models.UniqueConstraint(fields=["segment", "is_without_released"], name="rankings_one_holding_a_board")
        ]

    def __str__(self) -> str:
        return f"who holds board {self.board_id}"


class FactKind(models.TextChoices):
    """What a board says beside its ratings."""

    PAIR_COUNTS = "pair_counts"
    EVIDENCE = "evidence"
    HEAD_TO_HEAD = "head_to_head"
    WHO_VOTED = "who_voted"
    COVERAGE = "coverage"
    COMPLETION = "completion"
    MULTIVERSE = "multiverse"
    DAVIDSON = "davidson"
    STYLE = "style"
    POPULATION = "population"


class BoardFact(models.Model):
    """One further table of a board, as it was published; pages show it and compute nothing."""

    board = models.ForeignKey(Board, on_delete=models.CASCADE, related_name="facts")
    kind = models.CharField(max_length=16, choices=FactKind.choices)
    data = models.JSONField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["board", "kind"], name="rankings_fact_once_a_board"),
            models.CheckConstraint(condition=Q(kind__in=FactKind.values), name="rankings_fact_kind_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of board {self.board_id}"
