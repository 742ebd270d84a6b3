"""Everything that the log ever signed, for everybody, and the proof that any two of it belong to one history."""

from typing import Final

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.audit.domain.merkle import InvalidProof, verify_consistency
from apps.audit.forms import CompareForm, PlaceForm
from apps.audit.queries import CheckpointRow, checkpoint_of, checkpoints_page, consistency_between, witness_rows
from apps.audit.views.pages import attached

_BAD_REQUEST: Final = 400
_MAX_SIZE: Final = 2**63 - 1
_FORMAT: Final = "showdown-consistency-proof/1"


@require_safe
def checkpoints(request: HttpRequest) -> HttpResponse:
    """List what was signed, newest first, with who countersigned it."""
    form = PlaceForm(request.GET)
    told = form.cleaned_data if form.is_valid() else {}
    page = checkpoints_page(before=told.get("before"), after=told.get("after"))
    context = {
        "page": page,
        "witnesses": [row for row in witness_rows() if row.ended_at is None],
        "older": f"?before={page.older}" if page.older else "",
        "newer": f"?after={page.newer}" if page.newer else "",
        "compare": CompareForm(initial=_two_of(page.rows)),
    }
    return render(request, "audit/checkpoints.html", context, status=_BAD_REQUEST if form.errors else 200)


@require_safe
def checkpoint_page(request: HttpRequest, size: int) -> HttpResponse:
    """Show one checkpoint: its text, the log's own signatures, and its witnesses'."""
    row = _signed(size)
    return render(request, "audit/checkpoint_page.html", {"row": row, "note": row.whole_note.decode()})


@require_safe
def checkpoint_note(request: HttpRequest, size: int) -> HttpResponse:
    """Hand out one checkpoint with all its signatures, as it was published."""
    return attached(_signed(size).whole_note, f"checkpoint-{size}", "text/plain; charset=utf-8")


@require_safe
def compare(request: HttpRequest) -> HttpResponse:
    """Prove that the later of two checkpoints begins with the earlier one; ``format=json`` hands the proof out."""
    form = CompareForm(request.GET)
    if not form.is_valid():
        return render(request, "audit/compare.html", {"form": form}, status=_BAD_REQUEST)
    old, new = checkpoint_of(form.cleaned_data["old"]), checkpoint_of(form.cleaned_data["new"])
    if old is None or new is None:
        form.name_missing(old=old is None, new=new is None)
        return render(request, "audit/compare.html", {"form": form}, status=404)
    proof, fault = _consistency(old, new)
    document = {
        "format": _FORMAT,
        "old_size": old.size,
        "old_root": old.root.hex(),
        "new_size": new.size,
        "new_root": new.root.hex(),
        "proof": [value.hex() for value in proof],
        "old_checkpoint": old.whole_note.decode(),
        "new_checkpoint": new.whole_note.decode(),
    }
    if form.cleaned_data["format"] == "json":
        response = JsonResponse(document, json_dumps_params={"indent": 2})
        response["Content-Disposition"] = f'attachment; filename="consistency-{old.size}-{new.size}.json"'
        return response
    context = {"form": form, "old": old, "new": new, "proof": document["proof"], "fault": fault}
    return render(request, "audit/compare.html", context)


def _consistency(old: CheckpointRow, new: CheckpointRow) -> tuple[list[bytes], str | None]:
    """Return the proof with the reason why it does not hold, or None when it was checked and holds."""
    try:
        proof = consistency_between(old.size, new.size)
    except KeyError:
        return [], "stored-hash-missing"
    try:
        verify_consistency(old_size=old.size, new_size=new.size, old_root=old.root, new_root=new.root, proof=proof)
    except InvalidProof as error:
        return proof, error.fault.value
    return proof, None


def _signed(size: int) -> CheckpointRow:
    row = checkpoint_of(size) if size <= _MAX_SIZE else None
    if row is None:
        raise Http404
    return row


def _two_of(rows: tuple[CheckpointRow, ...]) -> dict[str, int]:
    return {"old": rows[-1].size, "new": rows[0].size} if len(rows) > 1 else {}
