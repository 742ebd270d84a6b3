"""What copies tell of a person: fixed at the first release that they are in, the same for everyone, for good."""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from apps.contributors.models import Contributor
from apps.licensing.models.releases import Release


class ReleaseFit(models.Model):
    """How the people who were new in a release are told (clause W7), and how many of all were left out of it."""

    release = models.OneToOneField(Release, on_delete=models.PROTECT, primary_key=True, related_name="fit")
    k = models.PositiveIntegerField()
    order = models.JSONField(help_text="In which order facts are generalised.")
    levels = models.JSONField(help_text="Level by attribute, for those whose facts were fixed here.")
    hierarchies = models.CharField(max_length=40, help_text="Version of the tables.")
    people = models.PositiveBigIntegerField(help_text="Everybody who voted in the release.")
    left_out = models.PositiveBigIntegerField(help_text="Those of them who are in none of its copies.")
    fitted_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(left_out__lte=models.F("people")), name="licensing_some_of_the_people"
            ),
            models.CheckConstraint(condition=models.Q(k__gte=2), name="licensing_nobody_stands_alone"),
        ]

    def __str__(self) -> str:
        return f"fit of release {self.release_id}"


class PersonGeneralization(models.Model):
    """What every copy tells of a contributor, in codes of the hierarchies; written once."""

    contributor = models.OneToOneField(
        Contributor, on_delete=models.PROTECT, primary_key=True, related_name="generalization"
    )
    fit = models.ForeignKey(ReleaseFit, on_delete=models.PROTECT, related_name="fixed")
    country = models.CharField(max_length=16, blank=True)
    language = models.CharField(max_length=24, blank=True)
    profession = models.CharField(max_length=8, blank=True)
    age_band = models.CharField(max_length=16, blank=True)
    education = models.CharField(max_length=16, blank=True)

    def __str__(self) -> str:
        return f"contributor {self.contributor_id} as copies tell of them"


class LeftOut(models.Model):
    """A contributor whose votes are in no copy of a release, because too few are told like them; written once.

    Of those who were left out later, copies that were made before still tell. In the order of ``at`` they are the
    first, the second, and so on: a revision whose manifest counts n people held back leaves out the first n of them.
    """

    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="left_out")
    contributor = models.ForeignKey(Contributor, on_delete=models.PROTECT, related_name="+")
    is_later = models.BooleanField(help_text="False: from the beginning. True: since others were taken back.")
    at = models.DateTimeField(db_default=Now(), help_text="Since when; the database writes it.")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["release", "contributor"], name="licensing_left_out_once"),
        ]

    def __str__(self) -> str:
        return f"contributor {self.contributor_id} left out of release {self.release_id}"
