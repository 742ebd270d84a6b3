"""The ASGI entry point that granian serves."""

import os

from django.core.asgi import get_asgi_application

# Both are read when the settings load, which the call below does first.
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "showdown.settings")
os.environ.setdefault("SHOWDOWN_DB_POOL", "1")

application = get_asgi_application()
