"""The log's pages: what it is, for everybody; its entries and their proofs, for auditors."""

import json
from datetime import timedelta
from typing import Final
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from apps.audit.domain.refusal import Refused
from apps.audit.domain.tree import sibling_sides
from apps.audit.events import AuditEvent
from apps.audit.flows import PublicProof, publicly_proved
from apps.audit.forms import EntriesForm, cursor_text
from apps.audit.middleware import actor_of
from apps.audit.permissions import is_auditor
from apps.audit.queries import (
    Cursor,
    EntryPage,
    announced_keys,
    auditor_database,
    entries_page,
    event_names,
    log_overview,
    newest_checkpoint,
    proved_entry,
)
from apps.audit.services import record_look

BEHIND: Final = timedelta(seconds=30)
MAX_ID: Final = 2**63 - 1
_PRESETS: Final = (
    (_lazy("Refusals"), {"event": "audit.refused"}),
    (_lazy("Refused releases"), {"event": "licensing.seal_refused"}),
    (_lazy("The wall"), {"clause": "W1"}),
    (_lazy("Votes left out"), {"event": "battles.votes_excluded"}),
    (_lazy("Decisions"), {"event": "moderation.decided"}),
    (_lazy("Forgotten texts"), {"event": "audit.text_forgotten"}),
    (_lazy("Opened choices"), {"event": "web.choice_opened"}),
    (_lazy("Roles"), {"event": "accounts.role_granted"}),
)


class StillWaiting(Refused):
    """The entry has no leaf yet, so there is nothing to prove."""


@require_safe
def log(request: HttpRequest) -> HttpResponse:
    """Show everybody what the log is and its state."""
    now, overview = timezone.now(), log_overview()
    context = {
        "overview": overview,
        "root": overview.root.hex(),
        "lag": overview.lag(now),
        "is_behind": overview.lag(now) > BEHIND,
        "may_explore": is_auditor(actor_of(request)),
        "published": newest_checkpoint(),
        "keys": announced_keys(),
        "site": settings.SITE_ADDRESS,
    }
    return render(request, "audit/log.html", context)


@require_safe
@never_cache
@login_required
def entries(request: HttpRequest) -> HttpResponse:
    """List entries by the filters in the address."""
    form = EntriesForm(request.GET)
    is_valid = form.is_valid()
    record_look(
        AuditEvent.ENTRIES_LOOKED_AT,
        actor=actor_of(request),
        subject="audit.log:entries",
        now=timezone.now(),
        facts=form.looked_for,
    )
    database = auditor_database()
    page = EntryPage(rows=(), older=None, newer=None)
    if is_valid:
        told = form.cleaned_data
        page = entries_page(form.wanted, before=told["before"], after=told["after"], using=database)
    context = {
        "form": form,
        "filters": [form[name] for name in ("subject", "actor", "clause", "since", "until")],
        "page": page,
        "older": _address(request.GET, "before", page.older),
        "newer": _address(request.GET, "after", page.newer),
        "events": event_names(using=database),
        "presets": _presets(request.GET),
        "is_filtered": any(value is not None for value in _conditions(form)),
    }
    return render(request, "audit/entries.html", context, status=200 if is_valid else 400)


@require_safe
@never_cache
@login_required
def entry(request: HttpRequest, entry_id: int) -> HttpResponse:
    """Show one entry with its bytes and its proof, checked while the page is made."""
    shown = _looked_up(request, entry_id, AuditEvent.ENTRY_LOOKED_AT)
    proved, inclusion = shown.proved, shown.inclusion
    steps = zip(sibling_sides(inclusion.leaf_index, inclusion.size), inclusion.proof, strict=False) if inclusion else ()
    context = {
        "entry": proved,
        "row": proved.row,
        "inclusion": inclusion,
        "published": shown.published,
        "root": inclusion.root.hex() if inclusion else "",
        "leaf_hash": inclusion.leaf_hash.hex() if inclusion else "",
        "facts": [(name, _as_written(value)) for name, value in proved.facts.items()],
        "steps": [(side.value, value.hex()) for side, value in steps],
        "body": proved.body.decode(),
    }
    return render(request, "audit/entry.html", context)


def _as_written(value: object) -> str:
    """Show a fact as the entry's bytes have it: a text without quotes, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


@require_safe
@never_cache
@login_required
def entry_proof(request: HttpRequest, entry_id: int) -> HttpResponse:
    """Hand out what is needed to check one entry elsewhere, as JSON."""
    shown = _looked_up(request, entry_id, AuditEvent.PROOF_DOWNLOADED)
    if shown.inclusion is None:
        raise StillWaiting(
            _("This entry waits for its place in the tree; try again in a few seconds."), subject=shown.proved.row.ref
        )
    response = JsonResponse(shown.as_json(shown.inclusion), json_dumps_params={"indent": 2})
    response["Content-Disposition"] = f'attachment; filename="entry-{entry_id}-proof.json"'
    return response


@require_safe
@never_cache
@login_required
def entry_proof_text(request: HttpRequest, entry_id: int) -> HttpResponse:
    """Hand out the proof in the form of C2SP tlog-proof, which other programs than ours read."""
    shown = _looked_up(request, entry_id, AuditEvent.PROOF_DOWNLOADED)
    text = shown.as_text()
    if text is None:
        raise StillWaiting(
            _("No published checkpoint covers this entry yet; try again in a few seconds."),
            subject=shown.proved.row.ref,
        )
    return attached(text.encode(), f"entry-{entry_id}.tlog-proof", "text/plain; charset=utf-8")


@require_safe
@never_cache
@login_required
def entry_bytes(request: HttpRequest, entry_id: int) -> HttpResponse:
    """Hand out an entry as it was written; its leaf is the hash of these bytes after a zero byte."""
    shown = _looked_up(request, entry_id, AuditEvent.ENTRY_LOOKED_AT)
    return attached(shown.proved.body, f"entry-{entry_id}.json", "application/json")


def attached(content: bytes, name: str, content_type: str) -> HttpResponse:
    """Return a file to be saved under a name."""
    return HttpResponse(
        content, content_type=content_type, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


def _looked_up(request: HttpRequest, entry_id: int, event: AuditEvent) -> PublicProof:
    """Record the look, then read the entry through the auditor's connection."""
    subject = f"audit.entry:{entry_id}" if entry_id <= MAX_ID else "audit.entry:none"
    record_look(event, actor=actor_of(request), subject=subject, now=timezone.now())
    if entry_id > MAX_ID:
        raise Http404
    database = auditor_database()
    shown = publicly_proved(lambda size: proved_entry(entry_id, size=size, using=database))
    if shown is None:
        raise Http404
    return shown


def _presets(query: QueryDict) -> list[dict[str, object]]:
    """Return what is often looked for, each as an address, and whether it is what the reader sees now."""
    found: list[dict[str, object]] = []
    for title, conditions in _PRESETS:
        is_on = all(query.get(name) == value for name, value in conditions.items())
        found.append({"title": title, "address": f"?{urlencode(conditions)}", "on": is_on})
    return found


def _conditions(form: EntriesForm) -> list[object]:
    wanted = form.wanted
    return [wanted.event, wanted.actor, wanted.subject, wanted.clause, wanted.since, wanted.until]


def _address(query: QueryDict, name: str, cursor: Cursor | None) -> str:
    """Return the address of a neighbouring page with the same filters, or nothing."""
    if cursor is None:
        return ""
    query = query.copy()
    for place in ("before", "after"):
        query.pop(place, None)
    query[name] = cursor_text(cursor)
    return f"?{query.urlencode()}"
