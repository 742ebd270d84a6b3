"""Registers the app with Django."""

from django.apps import AppConfig


class OrganizationsConfig(AppConfig):
    """Legal persons and the ties between them: the neutrality register."""

    name = "apps.organizations"
    label = "organizations"
