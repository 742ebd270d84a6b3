"""Registers the app with Django."""

from django.apps import AppConfig


class IntegrityConfig(AppConfig):
    """Tests of voters for carelessness and manipulation, and what they found."""

    name = "apps.integrity"
    label = "integrity"
