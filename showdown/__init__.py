"""The wiring: settings, addresses, the Celery application and the supervisor of the embedded services."""

from showdown.celery import app as celery_app

__all__ = ["celery_app"]
