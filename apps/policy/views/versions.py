"""The book with all its versions: what each changed, when each holds, and any two of them side by side."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.policy.domain.changes import kind_of
from apps.policy.domain.rulebook import SUBJECTS
from apps.policy.forms import CompareForm
from apps.policy.queries import UnknownClause, book, comparison, rulebook, version_digest
from apps.policy.views.clauses import shown

MOST: int = 2**31 - 1


@require_safe
def versions_page(request: HttpRequest) -> HttpResponse:
    """Show every version, newest first, and what changes when."""
    whole = book()
    numbers = [line.version.number for line in whole.lines]
    form = CompareForm(numbers=numbers, initial={"a": numbers[min(1, len(numbers) - 1)], "b": numbers[0]})
    waiting = [(line, shown(line.comes)) for line in whole.waiting]
    return render(request, "policy/versions_page.html", {"book": whole, "form": form, "waiting": waiting})


@require_safe
def version_page(request: HttpRequest, number: int) -> HttpResponse:
    """Show one version: when it holds, what it changed, its digest, and every clause of it."""
    whole = book()
    line = whole.line(number)
    if line is None:
        raise Http404
    clauses = rulebook(version=number)
    context = {
        "line": line,
        "version": line.version,
        "in_force": whole.in_force,
        "changes": shown(line.found),
        "comes": shown(line.comes),
        "kind": kind_of(line.found),
        "digest": version_digest(number),
        "subjects": [
            (letter, title, [text for text in clauses if text.number.startswith(letter)])
            for letter, title in SUBJECTS.items()
        ],
    }
    return render(request, "policy/version_page.html", context)


@require_safe
def compare_versions(request: HttpRequest) -> HttpResponse:
    """Compare any two versions (``?a=`` and ``?b=``), words and numbers, and say what each difference does."""
    numbers = [line.version.number for line in book().lines]
    form = CompareForm(request.GET or None, numbers=numbers)
    found = None
    if form.is_valid():
        try:
            found = comparison(form.cleaned_data["a"], form.cleaned_data["b"])
        except UnknownClause as unknown:
            raise Http404(str(unknown)) from unknown
    context = {
        "form": form,
        "comparison": found,
        "changes": shown(found.found) if found is not None else [],
        "kind": kind_of(found.found) if found is not None else None,
    }
    return render(request, "policy/compare_versions.html", context, status=422 if form.errors else 200)
