"""Registers the app with Django."""

from django.apps import AppConfig


class PolicyConfig(AppConfig):
    """The versioned rulebook: clauses, their parameters and their texts."""

    name = "apps.policy"
    label = "policy"
