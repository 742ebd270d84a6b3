"""What the licensing officer fills in."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from apps.accounts.domain.roles import Role
from apps.accounts.models import User
from apps.contributors.domain.languages import language_choices
from apps.licensing.domain.filters import FilterFault, ReleaseFilters
from apps.licensing.models import OUTCOMES, Ground, Licensee
from apps.licensing.queries import (
    countries_voted_from,
    languages_fought_in,
    licensees_without,
    models_fought,
    organizations_with_licence,
    organizations_without_licence,
    wall_clauses,
)
from apps.licensing.services.drafting import LONGEST_TITLE
from apps.licensing.services.objecting import LONGEST_WORDS as LONGEST_OBJECTION
from apps.organizations.domain.countries import country_choices
from apps.prompts.models import Category


def _named(codes: Sequence[str], names: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Name the codes that occur, in the alphabetical order of the names; an unknown one stays as it is."""
    known = [(code, name) for code, name in names if code in codes]
    named = {code for code, _name in known}
    return known + [(code, code) for code in codes if code not in named]


def _languages() -> list[tuple[str, str]]:
    return _named(languages_fought_in(), language_choices(get_language() or "en"))


def _countries() -> list[tuple[str, str]]:
    return _named(countries_voted_from(), country_choices(get_language() or "en"))


def _several(label: Any, choices: Any, help_text: Any = "") -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(
        label=label,
        choices=choices,
        required=False,
        help_text=help_text,
        widget=forms.CheckboxSelectMultiple,
    )


def _day(label: Any, help_text: Any = "") -> forms.DateField:
    return forms.DateField(
        label=label, required=False, help_text=help_text, widget=forms.DateInput(attrs={"type": "date"})
    )


class DraftForm(forms.Form):
    """A wish: for whom, under which title, and which battles."""

    organization = forms.ModelChoiceField(
        label=_("For"), queryset=organizations_with_licence(), empty_label=_("Choose a licensee")
    )
    title = forms.CharField(
        label=_("Title"), max_length=LONGEST_TITLE, help_text=_("Public, also when the release is refused.")
    )
    languages = _several(_("Languages of the prompt"), _languages, _("None chosen means all."))
    countries = _several(_("Countries of the voter"), _countries, _("None chosen means all."))
    categories = _several(_("Categories"), Category.choices)
    models = _several(_("Models"), models_fought, _("Battles in which one of these took part."))
    since = _day(_("Opened on or after"), _("Days in UTC."))
    until = _day(_("Opened on or before"))

    def clean(self) -> dict[str, Any]:
        """Read the filters together, so that a span that ends before it begins is told at the form."""
        cleaned: dict[str, Any] = super().clean() or {}
        if self.errors:
            return cleaned
        try:
            cleaned["filters"] = ReleaseFilters(
                languages=tuple(cleaned["languages"]),
                countries=tuple(cleaned["countries"]),
                categories=tuple(cleaned["categories"]),
                models=tuple(cleaned["models"]),
                since=cleaned["since"],
                until=cleaned["until"],
            )
        except FilterFault as fault:
            self.add_error(fault.field, str(fault))
        return cleaned


class LicenseeForm(forms.Form):
    """An organization with an agreement, and whoever speaks for it."""

    organization = forms.ModelChoiceField(
        label=_("Organization"), queryset=organizations_without_licence(), empty_label=_("Choose one of the register")
    )
    contact = forms.ModelChoiceField(
        label=_("Who speaks for it"),
        queryset=User.objects.filter(role_grants__role=Role.LICENSEE.value, role_grants__ended_at=None).order_by(
            "pseudonym"
        ),
        required=False,
        empty_label=_("Nobody yet"),
        help_text=_("Somebody with the role of a licensee, by the name that the log uses."),
    )
    purpose = forms.CharField(
        label=_("Purpose"), max_length=200, help_text=_("Public. What the data may be used for, and what not.")
    )
    agreement = forms.CharField(
        label=_("Text of the agreement"),
        widget=forms.Textarea(attrs={"rows": 10}),
        max_length=100_000,
        help_text=_("Kept as its SHA-256, which every manifest names."),
    )


class ReasonsForm(forms.Form):
    """Which cluster, or which battle's clusters, somebody asks about; otherwise from which id on they read."""

    cluster = forms.IntegerField(label=_("Cluster"), required=False, min_value=1, max_value=2**63 - 1)
    battle = forms.IntegerField(label=_("Battle"), required=False, min_value=1, max_value=2**63 - 1)
    after = forms.IntegerField(required=False, min_value=0, max_value=2**63 - 1, widget=forms.HiddenInput())


class OfferForm(forms.Form):
    """Later licensees of a sealed release; they get editions of it together."""

    licensees = forms.MultipleChoiceField(
        label=_("For"),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Each gets an edition. The offer has two approvals, a notice and a time-lock of its own."),
    )

    def __init__(self, *told: Any, release_id: int, **more: Any) -> None:
        super().__init__(*told, **more)
        self._those_without = {str(one.pk): one for one in licensees_without(release_id)}
        choices = [(pk, one.organization.name) for pk, one in self._those_without.items()]
        self.fields["licensees"].choices = choices  # type: ignore[attr-defined]

    def clean_licensees(self) -> list[Licensee]:
        """Return the licensees that were chosen."""
        return [self._those_without[pk] for pk in self.cleaned_data["licensees"]]


class ApprovalForm(forms.Form):
    """A yes to exactly what was read."""

    digest = forms.CharField(widget=forms.HiddenInput, max_length=64, required=False)
    have_read = forms.BooleanField(
        label=_("I have read what it holds and who gets it, and I am tied to none of them"),
        error_messages={"required": _("Confirm that you have read it, or say no below.")},
    )


class RefusalForm(forms.Form):
    """A no, under a clause and in words for everybody."""

    clause = forms.ChoiceField(label=_("Which clause says no"), choices=wall_clauses)
    words = forms.CharField(
        label=_("Why"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("Public, for good: name nobody, and quote nothing of the data."),
    )


class ObjectionForm(forms.Form):
    """What anybody has against an offer."""

    ground = forms.ChoiceField(label=_("What is wrong"), choices=Ground.choices, widget=forms.RadioSelect)
    words = forms.CharField(
        label=_("In your words"),
        max_length=LONGEST_OBJECTION,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("Two people read it, nobody else; the log keeps a digest of it."),
    )
    contact = forms.CharField(
        label=_("Where we can answer you"),
        max_length=254,
        required=False,
        help_text=_("An address of any kind. Not needed when you are signed in."),
    )


class DecisionForm(forms.Form):
    """What should become of an objection, and the reason that everybody reads."""

    outcome = forms.ChoiceField(
        label=_("What should become of it"),
        choices=[(each.value, each.label) for each in OUTCOMES],
        widget=forms.RadioSelect,
    )
    public_reason = forms.CharField(
        label=_("Reason for everybody"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("It is decided when a second person chooses the same outcome; these words are published then."),
    )
