"""What somebody fills in on their way to taking part."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from apps.contributors.domain.demography import MOST_LANGUAGES, AgeBand, Education, SelfDescription
from apps.contributors.domain.languages import language_choices
from apps.contributors.domain.professions import profession_name, profession_named
from apps.contributors.models import Affiliation
from apps.contributors.queries import Profile
from apps.organizations.domain.countries import country_choices

_AGES: list[tuple[str, Any]] = [
    ("", _("Choose")),
    (AgeBand.FROM_18, _("18 to 24")),
    (AgeBand.FROM_25, _("25 to 34")),
    (AgeBand.FROM_35, _("35 to 44")),
    (AgeBand.FROM_45, _("45 to 54")),
    (AgeBand.FROM_55, _("55 to 64")),
    (AgeBand.FROM_65, _("65 or older")),
    (AgeBand.MINOR, _("younger than 18")),
]
_LEVELS: list[tuple[str, Any]] = [
    ("", _("Choose")),
    (Education.NONE, _("No school completed")),
    (Education.PRIMARY, _("Primary school")),
    (Education.LOWER_SECONDARY, _("Lower secondary school")),
    (Education.UPPER_SECONDARY, _("Upper secondary school")),
    (Education.POST_SECONDARY, _("Training after school, not at a university")),
    (Education.SHORT_TERTIARY, _("Short course at a college or university")),
    (Education.BACHELOR, _("Bachelor's degree or equal")),
    (Education.MASTER, _("Master's degree or equal")),
    (Education.DOCTORATE, _("Doctorate or equal")),
]


def _countries() -> list[tuple[str, Any]]:
    return [("", _("Choose")), *country_choices(get_language() or "en")]


def _languages() -> list[tuple[str, Any]]:
    return [("", _("Choose")), *language_choices(get_language() or "en")]


class ProfessionField(forms.CharField):
    """A profession picked from the list or typed: its name, its code, or both."""

    def __init__(self, **options: Any) -> None:
        widget = forms.TextInput(attrs={"list": "professions", "autocomplete": "off"})
        super().__init__(max_length=200, widget=widget, **options)

    def clean(self, value: Any) -> str:
        """Return the code that was meant."""
        code = profession_named(super().clean(value))
        if code is None:
            raise ValidationError(_("We do not find this profession. Type a part of it and choose from the list."))
        return code

    def prepare_value(self, value: Any) -> Any:
        """Show the name of a stored code; leave what somebody typed as it is."""
        return (
            f"{profession_name(value)} ({value})"
            if isinstance(value, str) and value == profession_named(value)
            else value
        )


def age_named(code: str) -> str:
    """Return the words for an age band, or the code when it has none."""
    return str(dict(_AGES).get(code, code))


def level_named(code: str) -> str:
    """Return the words for a level of education, or the code when it has none."""
    return str(dict(_LEVELS).get(code, code))


class AboutYouForm(forms.Form):
    """Country, languages, profession, age band and education."""

    country = forms.ChoiceField(label=_("Country you live in"), choices=_countries)
    language_1 = forms.ChoiceField(
        label=_("Language you write best"),
        choices=_languages,
        help_text=_("You can write prompts and read answers in it without help."),
    )
    language_2 = forms.ChoiceField(label=_("Second language"), choices=_languages, required=False)
    language_3 = forms.ChoiceField(label=_("Third language"), choices=_languages, required=False)
    language_4 = forms.ChoiceField(label=_("Fourth language"), choices=_languages, required=False)
    profession = ProfessionField(
        label=_("Profession"),
        help_text=_(
            "Type a part of it and choose the nearest. Who studies, is retired or does not work finds that too."
        ),
    )
    age_band = forms.ChoiceField(label=_("Age"), choices=_AGES)
    education = forms.ChoiceField(label=_("Highest education you completed"), choices=_LEVELS)

    @classmethod
    def filled_with(cls, profile: Profile) -> "AboutYouForm":
        """Return the form with what somebody declares now."""
        languages = {f"language_{place}": code for place, code in enumerate(profile.languages, start=1)}
        return cls(
            initial={
                "country": profile.country,
                "profession": profile.profession,
                "age_band": profile.age_band,
                "education": profile.education,
                **languages,
            }
        )

    @property
    def description(self) -> SelfDescription:
        """What was said, once the form is valid; a language named twice counts once."""
        said = self.cleaned_data
        named = [said[f"language_{place}"] for place in range(1, MOST_LANGUAGES + 1)]
        return SelfDescription(
            country=said["country"],
            languages=tuple(dict.fromkeys(code for code in named if code)),
            profession=said["profession"],
            age_band=said["age_band"],
            education=said["education"],
        )

    def refuse(self, message: str, attributes: Sequence[str]) -> None:
        """Show a refusal beside the fields that it is about."""
        fields = [name for name in attributes if name in self.fields]
        for name in fields:
            self.add_error(name, message)
        if not fields:
            self.add_error(None, message)


class EmployerForm(forms.Form):
    """Whom somebody works for, or nobody."""

    name = forms.CharField(
        label=_("Employer"),
        max_length=120,
        widget=forms.TextInput(attrs={"list": "organizations", "autocomplete": "organization"}),
        error_messages={"required": _("Write the name, or say below that you work for no organization.")},
        help_text=_("Start typing: an organization from our public register appears. Any other name is fine too."),
    )
    nobody = forms.BooleanField(
        label=_("I work for no organization"),
        required=False,
        help_text=_("You work for yourself, study, are retired or do not work."),
    )

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["name"].required = not self.data.get("nobody")

    @classmethod
    def filled_with(cls, employer: Affiliation | None) -> "EmployerForm":
        """Return the form with what somebody answered before."""
        if employer is None:
            return cls()
        name = employer.organization.name if employer.organization else employer.employer_name
        return cls(initial={"name": name, "nobody": not name})

    def clean(self) -> dict[str, Any]:
        """Ask for one of the two answers, not for both."""
        said = super().clean() or {}
        if said.get("name") and said.get("nobody"):
            self.add_error("nobody", _("You named an employer, so leave this open, or delete the name."))
        return said
