"""Registers the app with Django."""

from importlib import import_module

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """The append-only transparency log."""

    name = "apps.audit"
    label = "audit"

    def ready(self) -> None:
        """Register the checks."""
        import_module("apps.audit.checks")
