"""What everybody may see of the tests of voters, and of the votes that decisions left out."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.integrity.queries import integrity_overview


@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """Show what is tested, how often it is wrong, what was left out and what came back."""
    return render(request, "integrity/overview.html", {"found": integrity_overview()})
