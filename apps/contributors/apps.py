"""Registers the app with Django."""

from django.apps import AppConfig


class ContributorsConfig(AppConfig):
    """The people who vote: networks, claims about themselves, consents, standing."""

    name = "apps.contributors"
    label = "contributors"
