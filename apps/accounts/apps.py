"""Registers the app with Django."""

from importlib import import_module

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Who signs in, with which role, and what waits in their inbox."""

    name = "apps.accounts"
    label = "accounts"

    def ready(self) -> None:
        """Load the adapters, whose hooks write what allauth changes into the log."""
        import_module("apps.accounts.adapters")
