"""The addresses of the inbox, of signing in and of the demo's mails."""

from collections.abc import Iterable
from importlib import import_module

from django.db import transaction
from django.urls import URLPattern, URLResolver, path

from apps.accounts import views


def _in_one_transaction(patterns: Iterable[URLPattern | URLResolver]) -> list[URLPattern | URLResolver]:
    """Return the same addresses with a transaction around each view.

    allauth's views write without one. Here they are the services of accounts: what a view changes and the entries that
    the adapters write about it are kept together or not at all. (Its sessions and mails come after the commit.)
    """
    wrapped: list[URLPattern | URLResolver] = []
    for entry in patterns:
        if isinstance(entry, URLResolver):
            inner = _in_one_transaction(entry.url_patterns)
            wrapped.append(URLResolver(entry.pattern, inner, entry.default_kwargs, entry.app_name, entry.namespace))
        else:
            view = transaction.atomic(entry.callback)
            wrapped.append(URLPattern(entry.pattern, view, entry.default_args, entry.name))
    return wrapped


# Mounted under /accounts/.
signing_in_urlpatterns = _in_one_transaction(import_module("allauth.urls").urlpatterns)

app_name = "accounts"
urlpatterns = [
    path("", views.inbox, name="inbox"),
    path("<int:message_id>/read/", views.read, name="read"),
]

# Mounted under /demo/ in the demo only.
demo_urlpatterns = [path("mail/", views.demo_mail, name="mail")]
