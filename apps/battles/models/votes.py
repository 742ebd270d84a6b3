"""The one vote that a battle may get, and why somebody would rather not cast it."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.battles.models.battles import Battle
from apps.contributors.models import Contributor


class Choice(models.TextChoices):
    """What a vote can say; ``domain/choice.py`` says what it counts."""

    LEFT = "left", _("A is better")
    RIGHT = "right", _("B is better")
    BOTH_GOOD = "both_good", _("Both are good")
    BOTH_BAD = "both_bad", _("Both are bad")


class SkipReason(models.TextChoices):
    """Why somebody would rather not vote."""

    CANNOT_JUDGE = "cannot_judge", _("I cannot judge this")
    NOT_MY_LANGUAGE = "not_my_language", _("Not a language I read well")
    DISTURBING = "disturbing", _("I would rather not read this")
    OTHER = "other", _("Another reason")


class VoteQuerySet(models.QuerySet["Vote"]):
    """Reads that chain like adjectives."""

    def counted(self) -> "VoteQuerySet":
        """Only votes that no decision has excluded."""
        return self.filter(excluded_under="")

    def excluded(self) -> "VoteQuerySet":
        """Only votes that a decision left out."""
        return self.exclude(excluded_under="")

    def of(self, contributor: Contributor) -> "VoteQuerySet":
        """Only one contributor's votes."""
        return self.filter(contributor=contributor)


class Vote(models.Model):
    """One contributor's vote, with what they had declared about themselves when they cast it."""

    battle = models.OneToOneField(Battle, on_delete=models.PROTECT, related_name="vote")
    contributor = models.ForeignKey(Contributor, on_delete=models.PROTECT, related_name="votes")
    public_id = models.UUIDField(unique=True, default=uuid.uuid4)
    nonce = models.BinaryField(max_length=16, help_text="16 random bytes for the snapshot's tree.")
    choice = models.CharField(max_length=16, choices=Choice.choices)
    commitment = models.CharField(max_length=64, help_text="Salted SHA-256 of the choice, as in the log.")
    ballot_key = models.UUIDField(null=True, blank=True, help_text="Made by the form: a second click finds the first.")
    cast_at = models.DateTimeField()
    country = models.CharField(max_length=2, blank=True)
    language = models.CharField(max_length=16, blank=True, help_text="Of the prompt.")
    profession = models.CharField(max_length=8, blank=True)
    age_band = models.CharField(max_length=16, blank=True)
    education = models.CharField(max_length=16, blank=True)
    category = models.CharField(max_length=16, blank=True)
    proof_level = models.SmallIntegerField(default=0)
    excluded_under = models.CharField(max_length=8, blank=True, help_text="The clause; empty while the vote counts.")
    excluded_at = models.DateTimeField(null=True, blank=True)

    objects = VoteQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(choice__in=Choice.values), name="battles_choice_is_known"),
            models.CheckConstraint(
                condition=Q(excluded_under="", excluded_at=None)
                | (~Q(excluded_under="") & Q(excluded_at__isnull=False)),
                name="battles_exclusion_names_its_clause",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["contributor", "-cast_at"], name="battles_votes_of_contributor")]

    def __str__(self) -> str:
        return f"vote on battle {self.battle_id}"

    @property
    def ref(self) -> str:
        """The reference under which the log names this vote."""
        return f"battles.vote:{self.public_id}"
