"""The frame's small acts: the reader's theme, the living style page, and whether the machine is well."""

import sys

from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.template import loader
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe
from psycopg_pool import PoolTimeout

from apps.web.kit import kit_context

THEMES = frozenset({"light", "dark"})
_ONE_YEAR = 365 * 24 * 3600


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Remember the reader's theme in a cookie ("auto" forgets it) and go back to the page they came from."""
    back = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        back = "/"
    response = HttpResponseRedirect(back)
    chosen = request.POST.get("theme", "")
    if chosen in THEMES:
        response.set_cookie(
            "theme", chosen, max_age=_ONE_YEAR, samesite="Lax", secure=request.is_secure(), httponly=True
        )
    else:
        response.delete_cookie("theme", samesite="Lax")
    return response


@require_safe
def kit(request: HttpRequest) -> HttpResponse:
    """Show every component of the look on one page (demo only)."""
    return render(request, "web/kit.html", kit_context())


@require_safe
def health(request: HttpRequest) -> HttpResponse:
    """Say whether this process can answer: 200 when the database does, else 503 with which part is away."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return JsonResponse({"database": "away"}, status=503)
    return JsonResponse({"database": "here"})


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer an error of ours: 503 with what to do when the database is away, else 500. Needs no database itself."""
    is_away = isinstance(sys.exc_info()[1], OperationalError | InterfaceError | PoolTimeout)
    template = loader.get_template("503.html" if is_away else "500.html")
    response = HttpResponse(template.render({}), status=503 if is_away else 500)
    if is_away:
        response["Retry-After"] = "5"
    return response
