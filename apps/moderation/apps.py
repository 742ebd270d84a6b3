"""Registers the app with Django."""

from django.apps import AppConfig


class ModerationConfig(AppConfig):
    """Cases that a person must look at, decisions with reasons, and appeals."""

    name = "apps.moderation"
    label = "moderation"
