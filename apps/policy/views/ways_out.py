"""The register of ways out as a public page."""

from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from apps.policy.domain.way_out import WayKind
from apps.policy.queries import ways_out

_KINDS: Final[dict[WayKind, str | Promise]] = {
    WayKind.PAGE: gettext_lazy("Pages"),
    WayKind.AGGREGATE: gettext_lazy("Aggregates, for everybody at once"),
    WayKind.LOG: gettext_lazy("The log"),
    WayKind.OWN_DATA: gettext_lazy("A contributor's own data"),
    WayKind.RELEASE: gettext_lazy("Releases"),
    WayKind.PROVIDER: gettext_lazy("The models' providers"),
    WayKind.MAIL: gettext_lazy("Mails"),
    WayKind.WITNESS: gettext_lazy("Witnesses"),
    WayKind.AUDIT: gettext_lazy("Auditors"),
    WayKind.OPERATION: gettext_lazy("What it takes to run the platform"),
    WayKind.SIDE_COPY: gettext_lazy("Copies on the side"),
}


@require_safe
def ways_out_page(request: HttpRequest) -> HttpResponse:
    """Show everybody by which ways anything leaves, what leaves by each, and why it may."""
    found = ways_out()
    kinds = [(title, [way for way in found if way.kind == kind]) for kind, title in _KINDS.items()]
    context = {
        "ways": found,
        "kinds": [(title, ways) for title, ways in kinds if ways],
        "with_words": sum(way.holds_content for way in found),
    }
    return render(request, "policy/ways_out.html", context)
