"""Sealing a release: the battles that no clause takes out become its items, or nobody's do."""

from datetime import datetime
from enum import StrEnum

from django.db import DataError, connection, transaction
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import NotPermitted, Refused
from apps.audit.services import record
from apps.jobs.services import start_job
from apps.licensing.domain.items import leaves_root
from apps.licensing.domain.tally import Tally, WallClause
from apps.licensing.events import LicensingEvent
from apps.licensing.models import Attempt, AttemptState, Release, ReleaseState
from apps.licensing.permissions import may_license
from apps.licensing.queries import is_comparison_due, leaves_of, retirement_window
from apps.licensing.queries.editions import BUILD_KIND
from apps.licensing.services.attempts import AttemptIsOver, close_done
from apps.licensing.services.drafting import LicenseeSuspended
from apps.licensing.services.offering import make_offer


class Sealing(StrEnum):
    """Whether a draft is sealed whole or not at all, or as far as the clauses let it."""

    ALL_OR_NOTHING = "all"
    PAST_THE_WALL = "past"


class TakenOut(Refused):
    """A clause takes battles out that were to be sealed; ``tally`` says how many each of them takes."""

    def __init__(self, message: str, *, tally: Tally, clause: str, subject: str) -> None:
        super().__init__(message, clause=clause, subject=subject)
        self.tally = tally


class NotYetCompared(Refused):
    """Clause P3 has new numbers, and the clusters were not compared by them yet."""


class ReleaseChanged(Refused):
    """A live event came between judging the battles and sealing them."""


@transaction.atomic
def seal_release(*, actor: Actor, attempt_id: int, mode: Sealing, now: datetime) -> Release:
    """Make battles of a draft its items for good, and put down that its edition is to be built.

    Eligibility is decided by the database's function, at its own clock and under the clusters' locks; a live event
    that came first has taken its battles out.

    Raises:
        NotPermitted: when the actor is no licensing officer.
        TakenOut: when a clause takes out any battle (all or nothing) or all of them.
        NotYetCompared: when the clusters still wait for a comparison by new rules of likeness.
        ReleaseChanged: when a live event came between judging and sealing.
        AttemptIsOver: when the attempt was closed, or the release is no draft any more.
        LicenseeSuspended: when the licensee is.
        NotFourPeople: when nobody has asked for it, or whoever seals it has.
    """
    if not may_license(actor) or actor.account_id is None:
        raise NotPermitted(_("Only licensing officers seal releases."))
    release_id = Attempt.objects.values_list("release_id", flat=True).get(pk=attempt_id)
    release = Release.objects.select_related("licensee__contact", "request__asked_by").get(pk=release_id)
    _require_open(release, attempt_id)
    if is_comparison_due():
        raise NotYetCompared(
            _("Clause P3 has new numbers. Nothing is sealed until all clusters have been compared by them."),
            clause="P3",
            subject=release.ref,
        )
    tally = _judged_and_sealed(release, mode)
    # The database holds the clusters and the release now; what was read before may have changed while it waited.
    release = Release.objects.select_related("licensee__contact", "request__asked_by").get(pk=release_id)
    _require_open(release, attempt_id)
    refusing = tally.first_refusing
    if refusing is not None and (mode is Sealing.ALL_OR_NOTHING or not tally.passing):
        raise TakenOut(_why(release, tally, refusing), tally=tally, clause=refusing.value, subject=release.ref)
    root, count = leaves_root(
        release_id=release.pk, policy_version=release.policy_version, leaves=leaves_of(release.pk)
    )
    if count != tally.passing:
        raise ReleaseChanged(_("Something happened on these battles just now. Please try again."), subject=release.ref)
    release.state, release.sealed_at = ReleaseState.SEALED, now
    release.items, release.items_root = count, root
    release.asked, release.tally = tally.asked, tally.to_json()
    release.save(update_fields=["state", "sealed_at", "items", "items_root", "asked", "tally"])
    asked_by = release.licensee.contact if release.request is None else release.request.asked_by
    make_offer(actor=actor, release=release, licensees=[release.licensee], requester=asked_by, now=now)
    close_done(attempt_id, now=now)
    record(
        LicensingEvent.SEALED,
        actor=actor,
        subject=release.ref,
        at=now,
        clause=WallClause.LIVE.value,
        facts={
            "items": count,
            "items_root": root,
            "asked": tally.asked,
            "taken_out": tally.to_facts(),
            "policy_version": release.policy_version,
        },
    )
    start_job(actor=actor, kind=BUILD_KIND, subject=release.ref, now=now)
    return release


def _judged_and_sealed(release: Release, mode: Sealing) -> Tally:
    """Let the database judge every battle and write the items; return what it found, which may have sealed nothing."""
    taken_out: dict[WallClause, int] = {}
    passing = 0
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT clause, battles FROM seal_draft(%s, %s)", [release.pk, mode is Sealing.ALL_OR_NOTHING]
            )
            for number, battles in cursor.fetchall():
                if number is None:
                    passing += battles
                else:
                    taken_out[WallClause(number)] = taken_out.get(WallClause(number), 0) + battles
    except DataError as no_draft:
        raise AttemptIsOver(_("This release is not a draft any more."), subject=release.ref) from no_draft
    return Tally(asked=passing + sum(taken_out.values()), taken_out=taken_out)


def _require_open(release: Release, attempt_id: int) -> None:
    attempt = Attempt.objects.get(pk=attempt_id)
    if attempt.state != AttemptState.ATTEMPTED or release.state != ReleaseState.DRAFT:
        raise AttemptIsOver(_("This release is not a draft any more."), subject=release.ref)
    if release.licensee.suspended_at is not None:
        raise LicenseeSuspended(_("This licensee is suspended."), subject=release.licensee.ref)


def _why(release: Release, tally: Tally, clause: WallClause) -> str:
    """Say how many of how many a clause takes out, and for live ones when that ends."""
    numbers: dict[str, int | str] = {"count": tally.count(clause), "asked": tally.asked}
    match clause:
        case WallClause.LIVE:
            said = ngettext(
                "%(count)d of %(asked)d battles is behind the wall.",
                "%(count)d of %(asked)d battles are behind the wall.",
                tally.count(clause),
            )
            window = retirement_window(release)
            if window.first_at is not None and window.last_at is not None:
                said += " " + _(
                    "If nothing more happens on them, the first is past it on %(first)s and the last on %(last)s."
                )
                numbers["first"] = date_format(window.first_at, "DATE_FORMAT")
                numbers["last"] = date_format(window.last_at, "DATE_FORMAT")
        case WallClause.CONSENT:
            said = ngettext(
                "For %(count)d of %(asked)d battles a consent is missing or the models' terms are unknown.",
                "For %(count)d of %(asked)d battles a consent is missing or the models' terms are unknown.",
                tally.count(clause),
            )
        case WallClause.UNFIT:
            said = ngettext(
                "%(count)d of %(asked)d battles has an excluded vote, or a withdrawn or unscreened prompt.",
                "%(count)d of %(asked)d battles have an excluded vote, or a withdrawn or unscreened prompt.",
                tally.count(clause),
            )
    return said % numbers
