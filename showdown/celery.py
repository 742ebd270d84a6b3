"""The Celery application; work that is due is a row, and beat only wakes the sweepers."""

import logging
import logging.config
import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "showdown.settings")

app = Celery("showdown")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def log_as_the_web_does(loglevel: int | str | None = None, **_signal: Any) -> None:
    """Take the settings' way of logging in place of Celery's, which writes down what an error says."""
    logging.config.dictConfig(settings.LOGGING)
    if loglevel is not None:
        logging.getLogger().setLevel(loglevel)
