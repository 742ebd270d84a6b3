"""Registers the app with Django."""

from django.apps import AppConfig


class RankingsConfig(AppConfig):
    """Nightly Bradley-Terry boards and the snapshots that publish them."""

    name = "apps.rankings"
    label = "rankings"
