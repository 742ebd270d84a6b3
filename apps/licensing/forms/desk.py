"""What the licensing officer fills in."""

from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from apps.contributors.domain.languages import language_choices
from apps.licensing.domain.filters import FilterFault, ReleaseFilters
from apps.licensing.domain.purposes import GENERAL_RESEARCH
from apps.licensing.forms.purposes import purposes_field
from apps.licensing.queries import (
    countries_voted_from,
    languages_fought_in,
    models_fought,
    organizations_with_licence,
    organizations_without_licence,
    past_choices,
    possible_contacts,
)
from apps.licensing.queries.replay import Side
from apps.licensing.services.drafting import LONGEST_TITLE
from apps.organizations.domain.countries import country_choices
from apps.policy.queries import book, current_version
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


class FiltersForm(forms.Form):
    """Which battles are wished for."""

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


class DraftForm(FiltersForm):
    """A wish: for whom, under which title, and which battles."""

    organization = forms.ModelChoiceField(
        label=_("For"), queryset=organizations_with_licence(), empty_label=_("Choose a licensee")
    )
    title = forms.CharField(
        label=_("Title"), max_length=LONGEST_TITLE, help_text=_("Public, also when the release is refused.")
    )
    field_order = ("organization", "title")


class LicenseeForm(forms.Form):
    """An organization with an agreement, and whoever speaks for it."""

    organization = forms.ModelChoiceField(
        label=_("Organization"), queryset=organizations_without_licence(), empty_label=_("Choose one of the register")
    )
    contact = forms.ModelChoiceField(
        label=_("Who speaks for it"),
        queryset=possible_contacts(),
        required=False,
        empty_label=_("Nobody yet"),
        help_text=_("Somebody with the role of a licensee, by the name that the log uses."),
    )
    purpose = forms.CharField(
        label=_("Purpose"), max_length=200, help_text=_("Public. What the data may be used for, and what not.")
    )
    purposes = purposes_field(required=False)
    agreement = forms.CharField(
        label=_("Text of the agreement"),
        widget=forms.Textarea(attrs={"rows": 10}),
        max_length=100_000,
        help_text=_("The current version stands here. Other words become the next version, for everybody."),
    )
    signed_name = forms.CharField(
        label=_("Signed by"),
        max_length=120,
        required=False,
        help_text=_(
            "Only when you hold it signed on paper. Otherwise whoever speaks for the licensee accepts it here."
        ),
    )
    signed_position = forms.CharField(label=_("In the position of"), max_length=120, required=False)

    def clean(self) -> dict[str, Any]:
        """A name without a position, or the other way round, is no signature."""
        cleaned: dict[str, Any] = super().clean() or {}
        if bool(cleaned.get("signed_name")) != bool(cleaned.get("signed_position")):
            self.add_error("signed_position", _("A signature has a name and a position."))
        cleaned["purposes"] = cleaned.get("purposes") or [GENERAL_RESEARCH]
        return cleaned


class ReasonsForm(forms.Form):
    """Which cluster, or which battle's clusters, somebody asks about; otherwise from which id on they read."""

    cluster = forms.IntegerField(label=_("Cluster"), required=False, min_value=1, max_value=2**63 - 1)
    battle = forms.IntegerField(label=_("Battle"), required=False, min_value=1, max_value=2**63 - 1)
    after = forms.IntegerField(required=False, min_value=0, max_value=2**63 - 1, widget=forms.HiddenInput())


class CompareForm(forms.Form):
    """Two past releases, and the version under which both are judged."""

    a = forms.TypedChoiceField(label=_("One release"), coerce=int)
    b = forms.TypedChoiceField(label=_("Another"), coerce=int)
    version = forms.TypedChoiceField(label=_("Judged under version"), coerce=int, required=False)

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["a"].choices = self.fields["b"].choices = past_choices()  # type: ignore[attr-defined]
        self.fields["version"].choices = [  # type: ignore[attr-defined]
            ("", _("the one in force")),
            *((line.version.number, str(line.version.number)) for line in book().lines),
        ]

    def clean_version(self) -> int:
        """Take the version in force where none is asked for."""
        return int(self.cleaned_data["version"] or current_version())


def side_by_side(left: Side, right: Side) -> dict[str, Any]:
    """Return the rows of a comparison: what each clause took out, the filters, the ages, and the verdicts."""
    parts = {
        "languages": _("Languages"),
        "countries": _("Countries"),
        "categories": _("Categories"),
        "models": _("Models"),
        "since": _("First day"),
        "until": _("Last day"),
    }
    named = (_("Youngest at sealing"), _("First quarter"), _("Middle"), _("Third quarter"), _("Oldest at sealing"))
    ages = list(zip_longest(named, left.ages, right.ages))
    out = sorted({*left.record.taken_out, *right.record.taken_out})
    return {
        "taken_out": [(each, left.record.taken_out.get(each, 0), right.record.taken_out.get(each, 0)) for each in out],
        "filters": [
            (called, _asked(left.release.filters.get(part)), _asked(right.release.filters.get(part)))
            for part, called in parts.items()
        ],
        "ages": ages if left.ages or right.ages else [],
        "verdicts": list(zip(left.verdicts, right.verdicts, strict=True)),
    }


def _asked(value: Any) -> str:
    return ", ".join(str(each) for each in value) if isinstance(value, list | tuple) else str(value or "")
