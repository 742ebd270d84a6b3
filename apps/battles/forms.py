"""The forms of battles: opening, voting, skipping, and registering models."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.battles.models import Choice, ModelState, Provider, SkipReason
from apps.battles.services.registering import GREATEST_WEIGHT
from apps.organizations.models import Organization

_BIGGEST_ID = 2**63 - 1
# In the form's own words: what these codes mean for whoever registers a model.
_PROVIDERS = [
    (Provider.OPENAI.value, _("Over the network, by an interface like OpenAI's")),
    (Provider.RECORDED.value, _("Recorded answers")),
]
_STATES = [
    (ModelState.PUBLIC.value, _("Public: drawn, and on the board")),
    (ModelState.PREVIEW.value, _("Preview: drawn like a public one")),
    (ModelState.PRIVATE.value, _("Private: not drawn here")),
    (ModelState.DEPRECATED.value, _("Superseded: not drawn any more, keeps its votes")),
    (ModelState.RETIRED.value, _("Retired: answers nowhere any more")),
]
_TERMS = [("", _("Unknown, which counts as no")), ("yes", _("Allowed")), ("no", _("Not allowed"))]


class OpenBattleForm(forms.Form):
    """A prompt, or none for one from the pool, and the key that makes a second click harmless."""

    prompt = forms.IntegerField(required=False, min_value=1, max_value=_BIGGEST_ID)
    opening_key = forms.UUIDField()


class VoteForm(forms.Form):
    """The choice, and the key that makes a second click harmless."""

    choice = forms.ChoiceField(
        choices=Choice.choices,
        error_messages={"required": _("Choose one of the four.")},
    )
    ballot_key = forms.UUIDField(required=False)


class SkipForm(forms.Form):
    """Why somebody would rather not vote."""

    reason = forms.ChoiceField(choices=SkipReason.choices)


class RegisterModelForm(forms.Form):
    """A model and the endpoint where it answers."""

    name = forms.CharField(label=_("Name"), max_length=120)
    organization = forms.ModelChoiceField(
        label=_("Maker"), queryset=Organization.objects.filter(is_lab=True), empty_label=_("Choose")
    )
    licence = forms.CharField(label=_("Licence"), max_length=80, required=False)
    state = forms.ChoiceField(label=_("State"), choices=_STATES, initial=ModelState.PUBLIC)
    provider = forms.ChoiceField(label=_("Provider"), choices=_PROVIDERS, initial=Provider.OPENAI)
    remote_name = forms.CharField(
        label=_("Name at the provider"), max_length=120, help_text=_("As the provider's own interface spells it.")
    )
    base_url = forms.CharField(
        label=_("Address"),
        max_length=300,
        required=False,
        help_text=_("Of an interface like OpenAI's, such as https://models.example/v1. A recorded model has none."),
    )
    key_reference = forms.CharField(
        label=_("Name of the key"),
        max_length=80,
        required=False,
        help_text=_("An environment variable that begins with SHOWDOWN_MODEL_KEY_. The key itself is never stored."),
    )
    redistribution_allowed = forms.ChoiceField(
        label=_("Do its terms allow passing answers on?"), choices=_TERMS, required=False
    )
    weight = forms.FloatField(
        label=_("Weight"),
        min_value=0,
        max_value=GREATEST_WEIGHT,
        initial=1.0,
        help_text=_("How often it is drawn, relative to the others. 0: never."),
    )

    def clean_redistribution_allowed(self) -> bool | None:
        """Turn the three answers into yes, no and unknown."""
        answer: str = self.cleaned_data["redistribution_allowed"]
        return {"yes": True, "no": False}.get(answer)

    def clean(self) -> dict[str, Any]:
        """Turn the codes into members."""
        cleaned = super().clean() or self.cleaned_data
        for field, kind in (("state", ModelState), ("provider", Provider)):
            if field in cleaned:
                cleaned[field] = kind(cleaned[field])
        return cleaned


class ChangeEndpointForm(forms.Form):
    """How often an endpoint is drawn, and whether."""

    weight = forms.FloatField(min_value=0, max_value=GREATEST_WEIGHT)
    is_active = forms.BooleanField(required=False)
