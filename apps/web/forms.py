"""The forms of the auditor's desk."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.audit.domain.canonical import is_event_name
from apps.audit.domain.sampling import InvalidCosignature, seed_of
from apps.battles.events import BattleEvent
from apps.web.flows import Lot

MOST_DRAWN: Final = 500


class MomentField(forms.DateTimeField):
    """A moment in UTC, to the second."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local", "step": "1"}, format="%Y-%m-%dT%H:%M:%S")

    def clean(self, value: Any) -> Any:
        """Read what was typed as UTC, wherever its reader lives."""
        moment = super().clean(value)
        return moment.replace(tzinfo=UTC) if isinstance(moment, datetime) else moment


class LotForm(forms.Form):
    """What an auditor wants to draw."""

    event = forms.CharField(label=_("Event"), max_length=101, initial=BattleEvent.VOTE_CAST.value)
    since = MomentField(label=_("From (UTC)"))
    until = MomentField(label=_("Until (UTC), not included"))
    number = forms.IntegerField(label=_("How many"), min_value=1, max_value=MOST_DRAWN, initial=10)
    cosignature = forms.CharField(
        label=_("Signature line of your witness"),
        help_text=_("Only for a witness that pulls: its line under the first checkpoint after the period."),
        required=False,
        max_length=600,
        strip=True,
        widget=forms.TextInput(attrs={"spellcheck": "false", "autocomplete": "off", "dir": "ltr"}),
    )

    def __init__(self, *args: Any, events: Sequence[str] = (), **named: Any) -> None:
        """Offer the names of the events that are in the log."""
        super().__init__(*args, **named)
        offered = [(name, name) for name in events]
        self.fields["event"].widget = forms.Select(choices=offered)

    def clean_event(self) -> str:
        """Accept names of events."""
        event: str = self.cleaned_data["event"]
        if not is_event_name(event):
            raise forms.ValidationError(_("An event, such as battles.vote_cast."), code="event")
        return event

    def clean_cosignature(self) -> str:
        """Accept what has the form of a cosignature."""
        line: str = self.cleaned_data["cosignature"]
        if line:
            try:
                seed_of(line)
            except InvalidCosignature as error:
                raise forms.ValidationError(
                    _("A line such as “— witness.example/w1 AbCd…”, as the witness wrote it."), code="cosignature"
                ) from error
        return line

    def clean(self) -> dict[str, Any]:
        """Refuse periods that end before they begin."""
        told = super().clean() or {}
        if told.get("since") and told.get("until") and told["since"] >= told["until"]:
            self.add_error("until", _("The period ends after it begins."))
        return told

    @property
    def lot(self) -> Lot:
        """What was asked for, once the form is valid."""
        told = self.cleaned_data
        return Lot(
            event=told["event"],
            since=told["since"],
            until=told["until"],
            number=told["number"],
            cosignature=told["cosignature"],
        )
