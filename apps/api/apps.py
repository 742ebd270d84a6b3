"""Registers the app with Django."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    """The versioned JSON contract."""

    name = "apps.api"
    label = "api"
