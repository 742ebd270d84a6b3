"""Registers the app with Django."""

from importlib import import_module

from django.apps import AppConfig


class WebConfig(AppConfig):
    """The site shell, the homes of each kind of user, and the public pages."""

    name = "apps.web"
    label = "web"

    def ready(self) -> None:
        """Register the checks."""
        import_module("apps.web.checks")
