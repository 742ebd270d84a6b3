"""Registers the app with Django."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """The append-only transparency log."""

    name = "apps.audit"
    label = "audit"
