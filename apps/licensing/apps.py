"""Registers the app with Django."""

from django.apps import AppConfig


class LicensingConfig(AppConfig):
    """The wall: retirement of clusters, releases of retired battles, and refusals."""

    name = "apps.licensing"
    label = "licensing"
