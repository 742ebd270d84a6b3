"""What every page's frame needs: who is signed in and which parts of the site are theirs."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def shell(request: HttpRequest) -> dict[str, Any]:
    """Return the context of ``templates/base.html``."""
    return {"actor": getattr(request, "actor", None), "is_demo": settings.DEMO}
