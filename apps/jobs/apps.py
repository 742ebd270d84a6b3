"""Registers the app with Django."""

from django.apps import AppConfig


class JobsConfig(AppConfig):
    """Every long piece of work, with its phase, progress and way to cancel it."""

    name = "apps.jobs"
    label = "jobs"
