"""Legal persons and the ties between them: who owns, funds, buys from or works for whom."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower, Now
from django.utils.translation import gettext_lazy as _


class Organization(models.Model):
    """A lab, a licensee, an employer: anybody who may be tied to a model on the board."""

    name = models.CharField(max_length=120, unique=True)
    slug = models.SlugField(unique=True)
    country = models.CharField(max_length=2, blank=True, help_text="ISO 3166-1 alpha-2 code.")
    is_lab = models.BooleanField(default=False)

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.UniqueConstraint(Lower("name"), name="organizations_name_once_in_any_case"),
            models.CheckConstraint(
                condition=models.Q(country="") | models.Q(country__regex=r"^[A-Z]{2}$"),
                name="organizations_country_is_a_code",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def ref(self) -> str:
        """The reference under which the log names this organization."""
        return f"organizations.organization:{self.pk}"


class TieKind(models.TextChoices):
    """How one legal person is tied to another."""

    OWNERSHIP = "ownership", _("owns")
    INVESTMENT = "investment", _("has invested in")
    CUSTOMER = "customer", _("buys from")
    EMPLOYER = "employer", _("employs people of")


# Only what is owned has a share.
SHARED_KINDS = (TieKind.OWNERSHIP, TieKind.INVESTMENT)


class Tie(models.Model):
    """A tie from one organization to another, with its dates and its source."""

    # The indexes below begin with these two, and no other is needed.
    holder = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="ties_held", db_index=False)
    held = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="ties_borne", db_index=False)
    kind = models.CharField(max_length=16, choices=TieKind.choices)
    share = models.DecimalField(max_digits=5, decimal_places=2, null=True, blank=True, help_text="Per cent owned.")
    since = models.DateField()
    until = models.DateField(null=True, blank=True, help_text="The first day on which it no longer held.")
    source = models.CharField(max_length=300)
    declared_at = models.DateTimeField(db_default=Now(), help_text="When the register learned of it.")
    end_declared_at = models.DateTimeField(null=True, blank=True, help_text="When it learned of the end.")

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["holder", "kind"], include=["held", "since", "until"], name="organizations_ties_by_holder"
            ),
            models.Index(
                fields=["held", "kind"], include=["holder", "since", "until"], name="organizations_ties_by_held"
            ),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(condition=~models.Q(holder=models.F("held")), name="organizations_no_tie_to_itself"),
            models.CheckConstraint(condition=models.Q(kind__in=TieKind.values), name="organizations_tie_is_known"),
            models.CheckConstraint(
                condition=models.Q(share=None) | (models.Q(share__gt=0) & models.Q(share__lte=100)),
                name="organizations_share_is_a_percentage",
            ),
            models.CheckConstraint(
                condition=models.Q(share=None) | models.Q(kind__in=SHARED_KINDS),
                name="organizations_only_owners_have_shares",
            ),
            models.CheckConstraint(
                condition=models.Q(until=None) | models.Q(until__gte=models.F("since")),
                name="organizations_tie_ends_after_it_began",
            ),
            models.CheckConstraint(
                condition=models.Q(until=None, end_declared_at=None)
                | models.Q(until__isnull=False, end_declared_at__isnull=False),
                name="organizations_an_end_was_declared",
            ),
            models.UniqueConstraint(
                fields=["holder", "held", "kind"],
                condition=models.Q(until=None),
                name="organizations_one_open_tie_of_a_kind",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.holder_id} {self.kind} {self.held_id}"

    @property
    def ref(self) -> str:
        """The reference under which the log names this tie."""
        return f"organizations.tie:{self.pk}"


class StaffTieKind(models.TextChoices):
    """How somebody who works here is tied to an organization."""

    EMPLOYMENT = "employment", _("I work for")
    OWNERSHIP = "ownership", _("I own part of")
    FUNDING = "funding", _("I am paid or funded by")
    OFFICE = "office", _("I sit on a board of, or advise")
    HOUSEHOLD = "household", _("Somebody I live with works for or owns part of")


class StaffTie(models.Model):
    """A tie that an approver, an auditor or an officer declared about themselves."""

    account = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="staff_ties")
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=16, choices=StaffTieKind.choices)
    since = models.DateField()
    until = models.DateField(null=True, blank=True, help_text="The first day on which it no longer held.")
    source = models.CharField(max_length=300, help_text="In their own words.")
    declared_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(kind__in=StaffTieKind.values), name="organizations_staff_tie_is_known"
            ),
            models.CheckConstraint(
                condition=models.Q(until=None) | models.Q(until__gte=models.F("since")),
                name="organizations_staff_tie_ends_after_it_began",
            ),
            models.UniqueConstraint(
                fields=["account", "organization", "kind"],
                condition=models.Q(until=None),
                name="organizations_one_open_staff_tie_of_a_kind",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.kind} {self.organization_id}"

    @property
    def ref(self) -> str:
        """The reference under which the log names this tie."""
        return f"organizations.stafftie:{self.pk}"
