"""What somebody fills in to submit a prompt, and to answer a hint."""

from typing import Any
from uuid import uuid4

from django import forms
from django.core.validators import ProhibitNullCharactersValidator
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from apps.contributors.domain.languages import language_choices
from apps.prompts.models import Category
from apps.prompts.services import LONGEST_ANSWER


class AnyTextField(forms.CharField):
    """A text as it was typed, control characters and edges included: the service decides what becomes of it."""

    widget = forms.Textarea

    def __init__(self, **options: Any) -> None:
        super().__init__(strip=False, **options)
        # Django would refuse NUL in words of its own; screening marks it, and a person looks.
        self.validators = [check for check in self.validators if not isinstance(check, ProhibitNullCharactersValidator)]


def _languages() -> list[tuple[str, str]]:
    return list(language_choices(get_language() or "en"))


class PromptForm(forms.Form):
    """A prompt, its language and kind, and the key by which a second click finds the first."""

    text = AnyTextField(
        label=_("Your question"),
        error_messages={"required": _("Write a question first: there is nothing to read yet.")},
        widget=forms.Textarea(attrs={"class": "prompt-text", "dir": "auto", "rows": 8}),
        help_text=_("Something you really want to know or have done, in as many words as it needs."),
    )
    language = forms.ChoiceField(label=_("Language it is written in"), choices=_languages)
    category = forms.ChoiceField(label=_("What it asks for"), choices=Category.choices)
    submission_key = forms.UUIDField(widget=forms.HiddenInput)

    @classmethod
    def empty(cls, *, language: str) -> "PromptForm":
        """Return an empty form with a key of its own, in the language that somebody writes best."""
        return cls(initial={"language": language, "category": Category.KNOWLEDGE, "submission_key": uuid4()})

    def with_another_key(self) -> "PromptForm":
        """Return the form as it was filled in, under a key that nobody has used."""
        again = PromptForm({**{name: self[name].value() for name in self.fields}, "submission_key": uuid4()})
        again.full_clean()
        return again


class AnswerForm(forms.Form):
    """What an author says about a hint."""

    answer = AnyTextField(
        label=_("Your answer"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "maxlength": LONGEST_ANSWER, "dir": "auto"}),
        help_text=_("Whoever reads your prompt reads this too. At most 500 characters."),
    )
