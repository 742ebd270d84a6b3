"""Purposes as boxes to tick, each with its code and its meaning."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.licensing.domain.purposes import PURPOSES, named


def purpose_choices() -> list[tuple[str, str]]:
    """Return every code with its name in the reader's language."""
    return [(purpose.code, f"{gettext(purpose.name)} ({purpose.code})") for purpose in PURPOSES]


def purposes_field(*, required: bool = True) -> forms.MultipleChoiceField:
    """Return the field in which purposes are ticked."""
    return forms.MultipleChoiceField(
        label=_("Purposes by code"),
        choices=purpose_choices,
        required=required,
        initial=["DUO:0000042"],
        help_text=_("What is allowed, and what narrows it. Codes of GA4GH's Data Use Ontology, and some of our own."),
        widget=forms.CheckboxSelectMultiple,
    )


def choices_of(codes: list[str]) -> list[tuple[str, Any]]:
    """Return what an agreement allows, to choose one thing from."""
    return [(one.code, f"{gettext(one.name)} ({one.code})") for one in named(codes) if one.bearing == "permission"]
