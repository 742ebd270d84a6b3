"""How people say which clauses should read how, which versions to compare, and why not."""

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.audit.domain.refusal import Refused
from apps.policy.domain.changes import ClauseChange
from apps.policy.domain.directions import is_number
from apps.policy.domain.rulebook import ClauseText
from apps.policy.services import UnfitChange, UnfitReason

LONGEST_REASON: Final = 300
LONGEST_VALUE: Final = 200
NEW: Final = "new"


class CompareForm(forms.Form):
    """Two versions."""

    a = forms.TypedChoiceField(label=_("Before"), coerce=int)
    b = forms.TypedChoiceField(label=_("After"), coerce=int)

    def __init__(self, *args: Any, numbers: Sequence[int], **more: Any) -> None:
        super().__init__(*args, **more)
        choices = [(number, _("version %(number)d") % {"number": number}) for number in numbers]
        for name in ("a", "b"):
            field = self.fields[name]
            assert isinstance(field, forms.TypedChoiceField)  # noqa: S101 - Both are declared above.
            field.choices = choices


class ChooseForm(forms.Form):
    """Which clauses a proposal is about."""

    clause = forms.MultipleChoiceField(
        label=_("Which clauses should read differently?"), widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, clauses: Sequence[ClauseText], **more: Any) -> None:
        super().__init__(*args, **more)
        field = self.fields["clause"]
        assert isinstance(field, forms.MultipleChoiceField)  # noqa: S101 - It is declared above.
        field.choices = [
            *((each.number, f"{each.number} {each.title}") for each in clauses),
            (NEW, _("A clause that is not there yet")),
        ]


class RejectForm(forms.Form):
    """Why a proposal is rejected."""

    reason = forms.CharField(
        label=_("Why not"), max_length=LONGEST_REASON, help_text=_("Those who read the proposal read this too.")
    )


class ProposalForm(forms.Form):
    """The words and numbers of the chosen clauses, and why they should change."""

    def __init__(
        self,
        *args: Any,
        clauses: Sequence[ClauseText],
        called: dict[tuple[str, str], str],
        adds: bool = False,
        **more: Any,
    ) -> None:
        super().__init__(*args, **more)
        self.chosen = list(clauses)
        self.adds = adds
        for clause in self.chosen:
            number = clause.number
            for name, value in clause.parameters.items():
                self.fields[f"{number}.{name}"] = forms.CharField(
                    label=called[number, name],
                    initial=_spelt(value),
                    max_length=LONGEST_VALUE,
                    required=value is not None,
                )
            self.fields[f"{number}:title"] = forms.CharField(label=_("Title"), initial=clause.title, max_length=120)
            self.fields[f"{number}:text"] = forms.CharField(
                label=_("Words"), initial=clause.text, max_length=4000, widget=forms.Textarea(attrs={"rows": 5})
            )
            if not clause.parameters and not number.startswith("W"):
                self.fields[f"{number}:removed"] = forms.BooleanField(label=_("Remove this clause"), required=False)
        if adds:
            self.fields[f"{NEW}:number"] = forms.CharField(
                label=_("Number"), max_length=4, help_text=_("A letter for the subject and a number, such as P9.")
            )
            self.fields[f"{NEW}:title"] = forms.CharField(label=_("Title"), max_length=120)
            self.fields[f"{NEW}:text"] = forms.CharField(
                label=_("Words"), max_length=4000, widget=forms.Textarea(attrs={"rows": 5})
            )
        self.fields["reason"] = forms.CharField(
            label=_("Why"),
            max_length=LONGEST_REASON,
            help_text=_("Public once adopted: it is the headline of the new version."),
        )

    def groups(self) -> Iterator[tuple[ClauseText, list[forms.BoundField]]]:
        """Yield each clause with its fields."""
        for clause in self.chosen:
            names = [name for name in self.fields if name.startswith((f"{clause.number}.", f"{clause.number}:"))]
            yield clause, [self[name] for name in names]

    def new_clause(self) -> list[forms.BoundField]:
        """Return the fields of the clause that is not there yet."""
        return [self[name] for name in self.fields if name.startswith(f"{NEW}:")]

    def clean(self) -> dict[str, Any]:
        """Read each number as what it was before: whole, with a fraction, a list, or words."""
        told: dict[str, Any] = super().clean() or {}
        for clause in self.chosen:
            for name, value in clause.parameters.items():
                key = f"{clause.number}.{name}"
                if key not in told:
                    continue
                try:
                    told[key] = _read(value, told[key])
                except ValueError:
                    self.add_error(key, _("This is no number."))
        return told

    def changes(self) -> list[ClauseChange]:
        """Return what was told, once it is valid."""
        told = self.cleaned_data
        added = [
            ClauseChange(number=told[f"{NEW}:number"], title=told[f"{NEW}:title"], text=told[f"{NEW}:text"])
            for _clause in range(self.adds)
        ]
        return added + [
            ClauseChange(
                number=clause.number,
                title=told[f"{clause.number}:title"],
                text=told[f"{clause.number}:text"],
                parameters={name: told[f"{clause.number}.{name}"] for name in clause.parameters},
            )
            if not told.get(f"{clause.number}:removed")
            else ClauseChange(number=clause.number, is_removed=True)
            for clause in self.chosen
        ]

    def refuse(self, refused: Refused) -> None:
        """Show a refusal beside what it is about."""
        field = None
        if isinstance(refused, UnfitReason):
            field = "reason"
        elif isinstance(refused, UnfitChange) and refused.fault is not None and refused.fault.name:
            field = f"{refused.clause}.{refused.fault.name}"
        self.add_error(field if field in self.fields else None, str(refused))


def _spelt(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return ", ".join(str(each) for each in value)
    return value if isinstance(value, str) else json.dumps(value)


def _read(before: Any, text: str) -> Any:
    """Read a value as the sort of what it was before; a missing number is told as nothing.

    Raises ``ValueError`` for what is no number.
    """
    text = text.strip()
    if isinstance(before, list | tuple):
        return [each.strip() for each in text.split(",") if each.strip()]
    if isinstance(before, str):
        return text
    if not text:
        return None
    if isinstance(before, int) and is_number(before):
        return int(text)
    number = float(text)
    return int(number) if number.is_integer() and before is None else number
