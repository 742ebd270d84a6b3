"""Registers the app with Django."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    """The site shell, the homes of each kind of user, and the public pages."""

    name = "apps.web"
    label = "web"
