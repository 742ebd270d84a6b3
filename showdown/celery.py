"""The Celery application; work that is due is a row, and beat only wakes the sweepers."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "showdown.settings")

app = Celery("showdown")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
