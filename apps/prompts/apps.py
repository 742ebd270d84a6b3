"""Registers the app with Django."""

from django.apps import AppConfig


class PromptsConfig(AppConfig):
    """Prompts, their screening and the clusters of near-duplicates they live in."""

    name = "apps.prompts"
    label = "prompts"
