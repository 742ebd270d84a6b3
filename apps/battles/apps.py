"""Registers the app with Django."""

from django.apps import AppConfig


class BattlesConfig(AppConfig):
    """Language models, battles between two of them, and the votes cast."""

    name = "apps.battles"
    label = "battles"
