"""What is filled in around an agreement: terms, signatures, recipients, keys, requests and reasons."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.licensing.forms.desk import FiltersForm
from apps.licensing.forms.purposes import choices_of, purposes_field
from apps.licensing.models import FinalRecipient, Licensee
from apps.licensing.queries import possible_contacts, possible_recipients
from apps.licensing.services.drafting import LONGEST_TITLE
from apps.policy.queries import rulebook


def _name() -> forms.CharField:
    return forms.CharField(
        label=_("Your name"),
        max_length=120,
        help_text=_("As it stands in your passport. Kept out of every public page."),
    )


def _clauses() -> list[tuple[str, str]]:
    return [(clause.number, f"{clause.number} · {clause.title}") for clause in rulebook()]


def _reason(label: Any, help_text: Any = "") -> forms.CharField:
    return forms.CharField(label=label, max_length=300, help_text=help_text, widget=forms.Textarea(attrs={"rows": 3}))


class TextForm(forms.Form):
    """The next version of the terms."""

    title = forms.CharField(label=_("Title"), max_length=120)
    text = forms.CharField(
        label=_("Text"),
        max_length=100_000,
        widget=forms.Textarea(attrs={"rows": 20}),
        help_text=_("Begin with the words of the current version: what changed is shown beside it, for everybody."),
    )
    valid_days = forms.IntegerField(label=_("Days that an acceptance holds"), min_value=1, max_value=1830, initial=365)


class AcceptForm(forms.Form):
    """A named person's yes to exactly the text on the page."""

    text_sha256 = forms.CharField(widget=forms.HiddenInput, max_length=64)
    signed_name = _name()
    signed_position = forms.CharField(
        label=_("Your position"), max_length=120, help_text=_("What lets you agree for your organization.")
    )
    agrees = forms.BooleanField(label=_("I have read these terms and agree to them for my organization"))


class SignedForm(forms.Form):
    """A signature on paper that the officer holds."""

    signed_name = forms.CharField(label=_("Signed by"), max_length=120)
    signed_position = forms.CharField(label=_("In the position of"), max_length=120)


class TermsForm(forms.Form):
    """What the next agreement is for."""

    purpose = forms.CharField(label=_("Purpose"), max_length=200, help_text=_("Public, in words."))
    purposes = purposes_field()


class ContactForm(forms.Form):
    """Who speaks for a licensee."""

    contact = forms.ModelChoiceField(
        label=_("Who speaks for it"),
        queryset=possible_contacts(),
        required=False,
        empty_label=_("Nobody"),
        help_text=_("Keys that somebody else made stop working."),
    )


class RecipientForm(forms.Form):
    """One more final recipient."""

    organization = forms.ModelChoiceField(
        label=_("Organization"),
        queryset=possible_recipients(),
        empty_label=_("Choose one of the register"),
        help_text=_("Name your own as well if the copies stay with you. Who is missing is registered by an officer."),
    )


class KeyForm(forms.Form):
    """A new key of the API."""

    name = forms.CharField(
        label=_("What it is for"), max_length=60, help_text=_("Such as: nightly download, server 2.")
    )
    days = forms.IntegerField(label=_("Days until it expires"), min_value=1, max_value=365, initial=90)


class ReasonForm(forms.Form):
    """Why."""

    reason = _reason(_("Why"))


class SuspendForm(forms.Form):
    """Under which clause, and why, a licensee is suspended."""

    clause = forms.ChoiceField(label=_("Under"), choices=_clauses)
    reason = _reason(_("Why"), _("Public, for as long as the suspension is remembered."))


class RefuseForm(forms.Form):
    """Under which clause, and why, a request is refused."""

    clause = forms.ChoiceField(label=_("Under"), choices=_clauses)
    reason = _reason(_("Why"), _("Public: it stands among the refusals beside who asked for what."))


class RequestForm(FiltersForm):
    """A wish of a licensee's: what for, which battles, for whom, and by when."""

    title = forms.CharField(
        label=_("Title"), max_length=LONGEST_TITLE, help_text=_("Public, also when the request is refused.")
    )
    purpose = forms.ChoiceField(label=_("For which purpose"))
    use = forms.CharField(
        label=_("What you will do with it"), max_length=1000, widget=forms.Textarea(attrs={"rows": 3})
    )
    wanted = forms.CharField(
        label=_("Which battles you wish for"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("In words; below by filters, as far as filters can say it."),
    )
    recipients = forms.ModelMultipleChoiceField(
        label=_("Who will have the copies"),
        queryset=FinalRecipient.objects.none(),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Of the final recipients that you have named."),
    )
    needed_by = forms.DateField(label=_("Needed by"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    field_order = ("title", "purpose", "use", "wanted", "recipients", "needed_by")

    def __init__(self, *given: Any, licensee: Licensee, purposes: list[str], **named: Any) -> None:
        super().__init__(*given, **named)
        recipients = self.fields["recipients"]
        purpose = self.fields["purpose"]
        if isinstance(recipients, forms.ModelMultipleChoiceField) and isinstance(purpose, forms.ChoiceField):
            recipients.queryset = possible_recipients().filter(
                pk__in=FinalRecipient.objects.filter(licensee=licensee, ended_at=None).values("organization_id")
            )
            purpose.choices = choices_of(purposes)
