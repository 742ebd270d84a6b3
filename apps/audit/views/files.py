"""The log as files, laid out as C2SP tlog-tiles says: checkpoint and hashes for everybody, entries for auditors.

What is malformed or missing is answered in a line of plain text, since programs ask here.
"""

from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from apps.audit.domain.tiles import EntryBundle, InvalidBundle, InvalidTilePath, Tile, parse_path
from apps.audit.events import AuditEvent
from apps.audit.gateways import TileStore
from apps.audit.gateways.verifier import single_file
from apps.audit.middleware import PublicFile, actor_of
from apps.audit.queries import announced_keys, policy_now
from apps.audit.services import record_look

TEXT: Final = "text/plain; charset=utf-8"
BYTES: Final = "application/octet-stream"
# A full tile never changes; one that grows has another address when it is wider, and goes when it is full.
FOR_EVER: Final = "public, max-age=31536000, immutable"
FOR_A_MINUTE: Final = "public, max-age=60"
NEWEST: Final = "no-cache"


@require_safe
def checkpoint(_request: HttpRequest) -> HttpResponse:
    """Show the newest signed head of the tree, with the signatures of its witnesses."""
    note = _files().checkpoint()
    if note is None:
        return _line("The log has published no checkpoint yet.", 404)
    return PublicFile(note, content_type=TEXT, cache=NEWEST)


@require_safe
def keys(_request: HttpRequest) -> HttpResponse:
    """List the public keys of the log, one a line: those that sign, then those that did."""
    lines = "".join(f"{key.vkey}\n" for key in announced_keys())
    return PublicFile(lines.encode(), content_type=TEXT, cache=NEWEST)


@require_safe
def policy(_request: HttpRequest) -> HttpResponse:
    """Say whose signatures a checkpoint needs, as a file that verifiers of others read (C2SP tlog-policy)."""
    text = policy_now(log_address=f"{settings.SITE_ADDRESS}/log")
    return PublicFile(text.encode(), content_type=TEXT, cache=NEWEST)


@require_safe
def verify(_request: HttpRequest) -> HttpResponse:
    """Hand out the offline verifier as one file, for whoever has Python and its package ``cryptography``."""
    try:
        program = single_file()
    except OSError:
        return _line("This server has no copy of the verifier; its source is in clients/verify.", 404)
    answer = PublicFile(program, content_type=BYTES, cache=FOR_A_MINUTE)
    answer.headers["Content-Disposition"] = 'attachment; filename="showdown-verify.pyz"'
    return answer


@require_safe
def tile(request: HttpRequest, rest: str) -> HttpResponse:
    """Hand out a tile of hashes to everybody, or a bundle of entries to an auditor."""
    try:
        file = parse_path(f"tile/{rest}")
    except InvalidTilePath as fault:
        return _line(str(fault), 400)
    return _bundle(request, file) if isinstance(file, EntryBundle) else _tile(file)


def _tile(file: Tile) -> HttpResponse:
    data = _files().read(file)
    if data is None:
        return _line("The tree has no such tile.", 404)
    return PublicFile(data, content_type=BYTES, cache=FOR_EVER if file.is_full else FOR_A_MINUTE)


def _bundle(request: HttpRequest, file: EntryBundle) -> HttpResponse:
    """Record the look, then hand out the entries."""
    # Whoever is not signed in is no auditor, and a program that crawls is not written into the log for each address.
    if not request.user.is_authenticated:
        return _line("The log's entries are for its auditors: sign in, and send the session's cookie.", 403)
    record_look(
        AuditEvent.BUNDLE_DOWNLOADED,
        actor=actor_of(request),
        subject=f"audit.bundle:{file.index}",
        now=timezone.now(),
        facts={"width": file.width},
    )
    try:
        data = _files().read(file)
    except InvalidBundle as fault:
        return _line(f"The bundle is damaged on the disk: {fault}", 500)
    if data is None:
        return _line("The log has no such bundle.", 404)
    return HttpResponse(data, content_type=BYTES, headers={"Cache-Control": "private, no-store"})


def _line(words: str, status: int) -> HttpResponse:
    return HttpResponse(f"{words}\n", content_type=TEXT, status=status, headers={"Cache-Control": "no-store"})


def _files() -> TileStore:
    return TileStore(settings.LOG_FILES)
