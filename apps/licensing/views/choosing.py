"""For which licensee a page of a licensee's own desk is shown: whoever speaks for several chooses, by the address."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Concatenate, Final, ParamSpec

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.accounts.middleware import acting
from apps.audit.domain.refusal import NotPermitted
from apps.licensing.models import Licensee
from apps.licensing.permissions import speaks_for
from apps.licensing.queries.deliveries import licensees_by_id

P = ParamSpec("P")
_NUMBER: Final = re.compile(r"[0-9]{1,18}")
_UNPROCESSABLE: Final = 422


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """The licensee that a page is about, and all that its reader speaks for, by name."""

    licensee: Licensee
    several: tuple[Licensee, ...]

    @property
    def query(self) -> str:
        """What keeps the choice in an address; nothing for whoever speaks for one alone."""
        return f"?licensee={self.licensee.pk}" if len(self.several) > 1 else ""

    def address(self, name: str, *args: object) -> str:
        """Return the address of another page about the same licensee."""
        return reverse(name, args=list(args)) + self.query


def spoken_for(request: HttpRequest) -> tuple[Licensee, ...]:
    """Return those that the reader speaks for, by name."""
    found = licensees_by_id(acting(request).account_id or 0).values()
    return tuple(sorted(found, key=lambda licensee: (licensee.organization.name, licensee.pk)))


def asked_for(request: HttpRequest, several: tuple[Licensee, ...]) -> Licensee | None:
    """Return the one that the address names (``?licensee=``), or None for none named. Raises ``Http404`` for others."""
    asked = request.GET.get("licensee", "")
    if not asked:
        return None
    found = next((one for one in several if _NUMBER.fullmatch(asked) and one.pk == int(asked)), None)
    if found is None:
        raise Http404
    return found


def for_one_licensee(
    view: Callable[Concatenate[HttpRequest, Own, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Hand a view the licensee that it is about; whoever speaks for several and has named none is asked which.

    Nothing is done for one licensee because its name comes first: what is sent without a choice is not done at all.
    """

    @wraps(view)
    @login_required
    def chosen(request: HttpRequest, /, *args: P.args, **more: P.kwargs) -> HttpResponse:
        several = spoken_for(request)
        found = asked_for(request, several)
        if found is None and len(several) > 1:
            status = _UNPROCESSABLE if request.method == "POST" else 200
            return render(request, "licensing/choose_licensee.html", {"several": several}, status=status)
        found = found or next(iter(several), None)
        if found is None or not speaks_for(acting(request), found):
            raise NotPermitted(_("This desk is for those who speak for a licensee."))
        return view(request, Own(licensee=found, several=several), *args, **more)

    return chosen
