"""The ASGI entry point that granian serves."""

import logging
import os
from importlib import import_module
from typing import Any

from django.core.asgi import get_asgi_application

# Both are read when the settings load, which the call below does first.
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "showdown.settings")
os.environ.setdefault("SHOWDOWN_DB_POOL", "1")

_django = get_asgi_application()
# The program loads these when it first needs them, which here would be while a visitor waits and all others with them.
for large in ("apps.battles.gateways.openai_http", "datasketch"):
    import_module(large)
_logger = logging.getLogger(__name__)


class BrokeOff(RuntimeError):
    """An answer that had begun could not be finished; it says nothing of why, since the server writes it down."""


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Answer, and keep the words of an error in the middle of a stream from the server's own log.

    Django answers an error before the first byte with its page. After that it passes it on to the server, which writes
    down what it says; PostgreSQL's errors quote whole rows.
    """
    try:
        await _django(scope, receive, send)
    except Exception:
        _logger.exception("The answer at %s broke off.", scope.get("path", ""))
        # Without a cause, so that the server sees the end of the connection and not the words.
        raise BrokeOff from None
