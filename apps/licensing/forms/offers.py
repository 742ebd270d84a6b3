"""What is filled in on an offer: by officers, approvers, and whoever objects."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import User
from apps.licensing.models import OUTCOMES, Ground, Licensee
from apps.licensing.queries import licensees_without, possible_requesters, wall_clauses
from apps.licensing.services.objecting import LONGEST_WORDS as LONGEST_OBJECTION

_MAX_DIGITS = 18


class OfferForm(forms.Form):
    """Later licensees of a sealed release; they get editions of it together."""

    licensees = forms.MultipleChoiceField(
        label=_("For"),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Each gets an edition. The offer has approvals, a notice and a time-lock of its own."),
    )

    asked_by = forms.ChoiceField(
        label=_("Who asked for it"),
        help_text=_("The person who speaks for one of them or sent its request. Whoever asks approves nothing of it."),
    )

    def __init__(self, *told: Any, release_id: int, **more: Any) -> None:
        super().__init__(*told, **more)
        self._those_without = {str(one.pk): one for one in licensees_without(release_id)}
        choices = [(pk, one.organization.name) for pk, one in self._those_without.items()]
        self.fields["licensees"].choices = choices  # type: ignore[attr-defined]
        self._people = {str(one.pk): one for one in possible_requesters(one.pk for one in self._those_without.values())}
        people = [("", _("Choose one")), *((pk, one.pseudonym) for pk, one in self._people.items())]
        self.fields["asked_by"].choices = people  # type: ignore[attr-defined]

    def clean_licensees(self) -> list[Licensee]:
        """Return the licensees that were chosen."""
        return [self._those_without[pk] for pk in self.cleaned_data["licensees"]]

    def clean_asked_by(self) -> User:
        """Return the person who asked."""
        return self._people[self.cleaned_data["asked_by"]]


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
    battles = forms.CharField(
        label=_("Battles that leave"),
        max_length=2000,
        required=False,
        help_text=_("Their numbers, for a remedy only. Both of you name the same ones; they are taken back at once."),
    )
    public_reason = forms.CharField(
        label=_("Reason for everybody"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("It is decided when a second person chooses the same outcome; these words are published then."),
    )

    def clean_battles(self) -> list[int]:
        """Read the numbers, whatever stands between them."""
        told = self.cleaned_data["battles"].replace(",", " ").split()
        if not all(each.isascii() and each.isdigit() and len(each) <= _MAX_DIGITS for each in told):
            raise forms.ValidationError(_("Write the numbers of battles, with spaces between them."))
        return sorted({int(each) for each in told})
