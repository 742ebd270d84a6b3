"""The explorer's filters, as they stand in its address, and what is told about a witness."""

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, RegexValidator
from django.utils.translation import gettext_lazy as _

from apps.audit.domain.canonical import JSON, is_clause, is_event_name, is_subject
from apps.audit.domain.refusal import Refused
from apps.audit.queries import Cursor, EntryFilter
from apps.audit.services import AlreadyAWitness, NotAWitnessKey, UnfitAddress, UnfitTies

_CURSOR = re.compile(r"(\d{1,17})-(\d{1,18})")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def cursor_text(cursor: Cursor | None) -> str:
    """Write a place for an address: microseconds since 1970, a hyphen, the entry's id."""
    return f"{(cursor.recorded_at - _EPOCH) // _MICROSECOND}-{cursor.id}" if cursor else ""


class _CursorField(forms.CharField):
    widget = forms.HiddenInput

    def clean(self, value: Any) -> Cursor | None:
        """Read a place; nothing is the beginning."""
        text = super().clean(value)
        if not text:
            return None
        match = _CURSOR.fullmatch(text)
        if match is None:
            raise forms.ValidationError(_("This address names no place in the log."), code="cursor")
        try:
            return Cursor(recorded_at=_EPOCH + int(match[1]) * _MICROSECOND, id=int(match[2]))
        except OverflowError as error:
            raise forms.ValidationError(_("This address names no place in the log."), code="cursor") from error


class EntriesForm(forms.Form):
    """What the explorer lists; every field may be left out. Days are days in UTC, the last one included."""

    event = forms.CharField(label=_("Event"), required=False, max_length=101)
    actor = forms.CharField(
        label=_("Actor"),
        required=False,
        max_length=100,
        validators=[RegexValidator(r"^[A-Za-z0-9:._-]+\Z", _("A pseudonym, such as p-3f2a91c07e."))],
    )
    subject = forms.CharField(label=_("Subject"), required=False, max_length=162)
    clause = forms.CharField(label=_("Clause"), required=False, max_length=40)
    since = forms.DateField(label=_("From"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(
        label=_("To"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        # The day after the last one must exist too.
        validators=[MaxValueValidator(date(9998, 12, 31))],
    )
    before = _CursorField(required=False)
    after = _CursorField(required=False)

    def clean_event(self) -> str:
        """Accept names of events."""
        return self._fitting("event", is_event_name, _("An event, such as prompts.approved."))

    def clean_subject(self) -> str:
        """Accept references."""
        return self._fitting("subject", is_subject, _("A reference, such as prompts.prompt:42."))

    def clean_clause(self) -> str:
        """Accept numbers of clauses."""
        return self._fitting("clause", is_clause, _("The number of a clause, such as 4.2."))

    def _fitting(self, field: str, fits: Any, message: Any) -> str:
        text: str = self.cleaned_data[field]
        if text and not fits(text):
            raise forms.ValidationError(message, code=field)
        return text

    @property
    def wanted(self) -> EntryFilter:
        """The filter that the valid fields describe."""
        told = self.cleaned_data
        since, until = told.get("since"), told.get("until")
        return EntryFilter(
            event=told.get("event") or None,
            actor=told.get("actor") or None,
            subject=told.get("subject") or None,
            clause=told.get("clause") or None,
            since=datetime.combine(since, time(), UTC) if since else None,
            until=datetime.combine(until, time(), UTC) + timedelta(days=1) if until else None,
        )

    @property
    def looked_for(self) -> dict[str, JSON]:
        """The filters that are set, as facts for the entry about this look."""
        told = self.cleaned_data
        facts: dict[str, JSON] = {
            name: told[name] for name in ("event", "actor", "subject", "clause") if told.get(name)
        }
        facts |= {name: told[name].isoformat() for name in ("since", "until") if told.get(name)}
        return facts | {name: cursor_text(told[name]) for name in ("before", "after") if told.get(name)}


class WitnessForm(forms.Form):
    """A witness: its key, where it is asked, and what its owner declares."""

    vkey = forms.CharField(
        label=_("Public key"),
        max_length=400,
        help_text=_("As `showdown-witness key` prints it, such as witness.example.org/w1+0a1b2c3d+BAID…"),
    )
    address = forms.CharField(
        label=_("Address"),
        required=False,
        max_length=400,
        help_text=_("Where the log asks it, such as https://witness.example.org; nothing for one that only pulls."),
    )
    ties = forms.CharField(
        label=_("Ties"),
        required=False,
        max_length=500,
        help_text=_("What binds its owner to labs, licensees or this platform, in one line. Everybody can read it."),
    )

    def refuse(self, refused: Refused) -> None:
        """Show a refusal beside the field that it is about."""
        field = {UnfitAddress: "address", UnfitTies: "ties", NotAWitnessKey: "vkey", AlreadyAWitness: "vkey"}
        self.add_error(field.get(type(refused)), str(refused))


class PlaceForm(forms.Form):
    """A place in the history of checkpoints: before or after a size."""

    before = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    after = forms.IntegerField(required=False, min_value=0, max_value=2**63 - 1)


class CompareForm(forms.Form):
    """Two checkpoints by their sizes, the earlier first."""

    old = forms.IntegerField(label=_("Earlier size"), min_value=1, max_value=2**63 - 1)
    new = forms.IntegerField(label=_("Later size"), min_value=1, max_value=2**63 - 1)
    format = forms.ChoiceField(required=False, choices=[("", ""), ("json", "json")], widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        """Refuse a later size that is smaller."""
        told = super().clean() or {}
        if told.get("old") and told.get("new") and told["old"] > told["new"]:
            self.add_error("new", _("The later checkpoint is at least as large as the earlier one."))
        return told

    def name_missing(self, *, old: bool, new: bool) -> None:
        """Say which of the two sizes no checkpoint has."""
        for name, is_missing in (("old", old), ("new", new)):
            if is_missing:
                self.add_error(name, _("No checkpoint of this size was signed."))
