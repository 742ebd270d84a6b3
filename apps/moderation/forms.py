"""What moderators and appellants fill in."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from apps.moderation.models import Action, ExportsOutcome
from apps.moderation.queries.console import CaseView
from apps.moderation.services import CARELESS, CLEAN
from apps.policy.domain.rulebook import ClauseText

# These rest on the one clause that is about them; nobody has to choose it.
_ONLY_CLAUSES = {Action.APPROVE: CLEAN, Action.DISMISS: CARELESS, Action.EXCLUDE_VOTES: CARELESS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a moderator sends."""

    action: Action
    clause: str
    reason: str


class JudgedByTheService(forms.CharField):
    """A text whose absence the service judges, since it depends on what else was chosen."""

    def validate(self, value: Any) -> None:
        """Let everything through."""


class VerdictForm(forms.Form):
    """A decision on a case; the services say what is missing in it."""

    use_required_attribute = False

    action = forms.ChoiceField(label=_("Your decision"), choices=Action.choices, widget=forms.RadioSelect)
    clause = JudgedByTheService(
        label=_("Under which clause"), widget=forms.Select, help_text=_("To reject; an approval rests on clause P1.")
    )
    reason = JudgedByTheService(
        label=_("The reason, as the person concerned will read it"),
        strip=False,
        widget=forms.Textarea(attrs={"rows": 7}),
        help_text=_("In your own words: what in it breaks the clause, and what would be fine."),
    )

    def __init__(self, *args: Any, view: CaseView | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if view is not None:
            self._offer(view.actions, view.grounds)

    def _offer(self, actions: Iterable[Action], grounds: list[ClauseText]) -> None:
        """Offer what the case allows; without a case, any known action is read and the service judges it."""
        action = self.fields["action"]
        if isinstance(action, forms.ChoiceField):
            action.choices = [(choice.value, choice.label) for choice in actions]
        widget = self.fields["clause"].widget
        if len(grounds) <= 1:
            del self.fields["clause"]
        elif isinstance(widget, forms.Select):
            widget.choices = [
                ("", _now("Choose")),
                *((text.number, f"{text.number} · {text.title}") for text in grounds),
            ]

    def verdict(self) -> Verdict:
        """Return what was sent; call it on a valid form."""
        action = Action(self.cleaned_data["action"])
        clause = _ONLY_CLAUSES.get(action, self.cleaned_data.get("clause", ""))
        return Verdict(action=action, clause=clause, reason=self.cleaned_data["reason"])


class AppealForm(forms.Form):
    """An objection to a decision; the service says when it is too long or says nothing."""

    text = forms.CharField(
        label=_("What was overlooked"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 9}),
        help_text=_("Somebody who did not make the decision reads this. Write in any language that you are sure of."),
    )


class ExportsForm(forms.Form):
    """What a look at many exports from one network came to."""

    use_required_attribute = False

    outcome = forms.ChoiceField(label=_("What came of it"), choices=ExportsOutcome.choices, widget=forms.RadioSelect)
    note = JudgedByTheService(
        label=_("What you found"),
        strip=False,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("Whom you asked, and what they said. It stays with the case; nobody is decided against."),
    )
