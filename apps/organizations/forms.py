"""What the keepers of the register fill in."""

from typing import Any

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from apps.organizations.domain.countries import country_choices
from apps.organizations.models import Organization, StaffTieKind, TieKind


def _countries() -> list[tuple[str, Any]]:
    return [("", _("Not known")), *country_choices(get_language() or "en")]


class OrganizationForm(forms.Form):
    """A legal person."""

    name = forms.CharField(label=_("Name"), max_length=120, help_text=_("As it stands in its country's register."))
    country = forms.ChoiceField(label=_("Country"), required=False, choices=_countries)
    is_lab = forms.BooleanField(
        label=_("It makes language models"),
        required=False,
        help_text=_("A lab's models can stand on the board, so everybody tied to it is watched more closely."),
    )


def _day(label: Any, *, required: bool, help_text: Any = "") -> forms.DateField:
    return forms.DateField(
        label=label, required=required, help_text=help_text, widget=forms.DateInput(attrs={"type": "date"})
    )


class TieForm(forms.Form):
    """A tie from one organization to another."""

    holder = forms.ModelChoiceField(
        label=_("Who holds the tie"), queryset=Organization.objects.all(), empty_label=_("Choose")
    )
    kind = forms.ChoiceField(label=_("What it does"), choices=TieKind.choices)
    held = forms.ModelChoiceField(label=_("To whom"), queryset=Organization.objects.all(), empty_label=_("Choose"))
    share = forms.DecimalField(
        label=_("Share in per cent"),
        required=False,
        max_digits=5,
        decimal_places=2,
        help_text=_("Of what is owned or invested in, when it is known."),
    )
    since = _day(_("Since"), required=True)
    until = _day(_("Until"), required=False, help_text=_("The first day on which it no longer held."))
    source = forms.CharField(
        label=_("Source"), max_length=300, help_text=_("Where anybody can read this: a register, a filing, a notice.")
    )


class TieEndForm(forms.Form):
    """The end of a tie."""

    until = _day(_("It ended on"), required=True, help_text=_("The first day on which it no longer held."))


class PathForm(forms.Form):
    """Two organizations and a day."""

    a = forms.ModelChoiceField(
        label=_("From"), queryset=Organization.objects.all(), to_field_name="slug", empty_label=_("Choose")
    )
    b = forms.ModelChoiceField(
        label=_("To"), queryset=Organization.objects.all(), to_field_name="slug", empty_label=_("Choose")
    )
    kinds = forms.MultipleChoiceField(
        label=_("Over ties that say"),
        choices=TieKind.choices,
        required=False,
        help_text=_("None chosen means all."),
        widget=forms.CheckboxSelectMultiple,
    )
    on = _day(_("On the day"), required=False, help_text=_("Today unless you say another."))


class StaffTieForm(forms.Form):
    """A tie of one's own."""

    kind = forms.ChoiceField(label=_("What ties you"), choices=StaffTieKind.choices)
    organization = forms.ModelChoiceField(
        label=_("To whom"), queryset=Organization.objects.all(), empty_label=_("Choose")
    )
    since = _day(_("Since"), required=True)
    until = _day(_("Until"), required=False, help_text=_("The first day on which it no longer held."))
    source = forms.CharField(
        label=_("In a few words"), max_length=300, help_text=_("What it is, and where it can be read, if anywhere.")
    )
