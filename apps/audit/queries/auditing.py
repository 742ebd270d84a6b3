"""The auditor's own way to the rows, through which nothing can be changed."""

from typing import Final

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

AUDITOR_DATABASE: Final = "auditor"


def auditor_database() -> str:
    """Return the alias of the auditor's connection; whoever reads entries through it has written a look before.

    Raises ``ImproperlyConfigured`` where this process was not given its address.
    """
    if AUDITOR_DATABASE not in settings.DATABASES:
        raise ImproperlyConfigured("The auditor's pages read through DATABASE_AUDITOR_URL, which is not set.")
    return AUDITOR_DATABASE
