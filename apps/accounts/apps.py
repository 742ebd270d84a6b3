"""Registers the app with Django."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Who signs in, with which role, and what waits in their inbox."""

    name = "apps.accounts"
    label = "accounts"
