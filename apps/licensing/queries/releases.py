"""Releases as people see them: the public list, one release, the officer's desk, a licensee's own."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from django.db.models import Max, Q, QuerySet

from apps.accounts.models import User
from apps.audit.queries import EntryRow, entry_for
from apps.battles.models import Battle, LanguageModel, Source, Vote
from apps.jobs.models import JobRun
from apps.jobs.queries import Progress, progress_of
from apps.licensing.domain.filters import ReleaseFilters
from apps.licensing.domain.tally import ORDER, Tally
from apps.licensing.events import LicensingEvent
from apps.licensing.models import (
    Attempt,
    AttemptState,
    Delivery,
    Edition,
    EligibleBattle,
    Licensee,
    Objection,
    Offer,
    Release,
    ReleaseState,
)
from apps.licensing.queries.announced import (
    OfferLine,
    TakenBack,
    deliveries_of,
    offers_of,
    offers_waiting,
    open_objections,
    rows_taken_back,
)
from apps.licensing.queries.candidates import NO_WINDOW, RetirementWindow, retirement_window, tally_of
from apps.licensing.queries.editions import BUILD_KIND
from apps.licensing.queries.speaking import spoken_for_by
from apps.licensing.queries.withdrawals import ReleaseWithdrawals, release_withdrawals
from apps.organizations.models import Organization
from apps.policy.domain.rulebook import ClauseText
from apps.policy.queries import rulebook

LIST_LENGTH = 50
_ENDED = (ReleaseState.REFUSED, ReleaseState.CANCELLED, ReleaseState.WITHDRAWN)


def battles_matching(filters: ReleaseFilters) -> QuerySet[Battle]:
    """Return the voted battles of this platform that filters ask for, live ones included."""
    found = _voted()
    if filters.languages:
        found = found.filter(language__in=filters.languages)
    if filters.countries:
        found = found.filter(vote__country__in=filters.countries)
    if filters.categories:
        found = found.filter(category__in=filters.categories)
    if filters.models:
        found = found.filter(Q(left_model__slug__in=filters.models) | Q(right_model__slug__in=filters.models))
    if filters.since is not None:
        found = found.filter(opened_at__gte=datetime.combine(filters.since, time.min, UTC))
    if filters.until is not None:
        found = found.filter(opened_at__lt=datetime.combine(filters.until + timedelta(days=1), time.min, UTC))
    return found


def _voted() -> QuerySet[Battle]:
    return Battle.objects.filter(source=Source.PLATFORM, voted=True)


def languages_fought_in() -> list[str]:
    """Return the languages of voted battles."""
    return list(_voted().exclude(language="").order_by("language").values_list("language", flat=True).distinct())


def countries_voted_from() -> list[str]:
    """Return the countries that voters had declared."""
    countries = Vote.objects.filter(battle__source=Source.PLATFORM).exclude(country="")
    return list(countries.order_by("country").values_list("country", flat=True).distinct())


def models_fought() -> list[tuple[str, str]]:
    """Return slug and name of the platform's models."""
    return list(LanguageModel.objects.filter(is_imported=False).order_by("name").values_list("slug", "name"))


def organizations_with_licence() -> QuerySet[Organization]:
    """Return the organizations that are licensees in good standing."""
    return Organization.objects.filter(licensee__isnull=False, licensee__suspended_at=None).order_by("name")


def organizations_without_licence() -> QuerySet[Organization]:
    """Return the organizations of the register that are no licensees yet."""
    return Organization.objects.filter(licensee=None).order_by("name")


def releases_for_everybody(state: ReleaseState) -> list[Release]:
    """Return the newest releases in one state, with their licensees; drafts are nobody's to list here."""
    return list(
        Release.objects.filter(state=state)
        .exclude(state=ReleaseState.DRAFT)
        .for_lists()
        .order_by("-drafted_at", "-pk")[:LIST_LENGTH]
    )


def drafts_waiting() -> list[Release]:
    """Return the newest drafts, for those who may see what is not decided yet."""
    return list(
        Release.objects.filter(state=ReleaseState.DRAFT).for_lists().order_by("-drafted_at", "-pk")[:LIST_LENGTH]
    )


def releases_of_licensees(licensees: Iterable[Licensee]) -> list[Release]:
    """Return the releases of some licensees, newest first."""
    return list(
        Release.objects.filter(licensee__in=list(licensees)).for_lists().order_by("-drafted_at", "-pk")[:LIST_LENGTH]
    )


def licensees_of(account_id: int) -> list[Licensee]:
    """Return the licensees that an account speaks for."""
    return list(spoken_for_by(account_id).select_related("organization"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ClauseLine:
    """One clause and what it takes out of one release."""

    clause: ClauseText
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftLine:
    """A draft with what each clause takes out of it now."""

    release: Release
    tally: Tally
    lines: tuple[ClauseLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What the licensing officer has before them."""

    drafts: tuple[DraftLine, ...]
    offers: list[Offer]
    objections: list[Objection]
    sealed: list[Release]
    ended: list[Release]
    licensees: list[Licensee]


def desk() -> Desk:
    """Return the officer's desk; the drafts are judged now."""
    releases = Release.objects.for_lists().order_by("-drafted_at", "-pk")
    clauses = _clauses()
    drafts = []
    for release in releases.filter(state=ReleaseState.DRAFT)[:LIST_LENGTH]:
        tally = tally_of(release)
        drafts.append(DraftLine(release=release, tally=tally, lines=_lines(tally, clauses)))
    return Desk(
        drafts=tuple(drafts),
        offers=offers_waiting(),
        objections=open_objections(),
        sealed=list(releases.filter(state=ReleaseState.SEALED)[:LIST_LENGTH]),
        ended=list(releases.filter(state__in=_ENDED)[:LIST_LENGTH]),
        licensees=list(Licensee.objects.select_related("organization", "contact").order_by("organization__name")),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasePage:
    """One release with everything that its page shows."""

    release: Release
    officer: User
    tally: Tally
    lines: tuple[ClauseLine, ...]
    window: RetirementWindow
    attempts: list[Attempt]
    edition: Edition | None
    progress: Progress | None
    youngest_event_at: datetime | None
    entry: EntryRow | None
    offers: tuple[OfferLine, ...]
    deliveries: list[Delivery]
    taken_back: tuple[TakenBack, ...]
    withdrawals: ReleaseWithdrawals

    @property
    def offer(self) -> OfferLine | None:
        """The offer that the page's head tells about: the first that is under way, else the newest."""
        leading = self.release.leading_offer
        return next((line for line in self.offers if leading is not None and line.offer.pk == leading.pk), None)

    @property
    def least_age(self) -> timedelta | None:
        """How long the last live event on any of the battles lay back when they were sealed."""
        if self.youngest_event_at is None or self.release.sealed_at is None:
            return None
        return self.release.sealed_at - self.youngest_event_at

    @property
    def refused_count(self) -> int:
        """How many battles the clause that refused the release takes out."""
        return sum(line.count for line in self.lines if line.clause.number == self.release.refused_clause)


_ENTRY_OF = {
    ReleaseState.DRAFT: LicensingEvent.DRAFTED,
    ReleaseState.SEALED: LicensingEvent.SEALED,
    ReleaseState.REFUSED: LicensingEvent.SEAL_REFUSED,
    ReleaseState.CANCELLED: LicensingEvent.CANCELLED,
    ReleaseState.WITHDRAWN: LicensingEvent.WITHDRAWN,
}


def release_page(release_id: int, *, now: datetime, in_full: bool = False) -> ReleasePage | None:
    """Return one release, a draft judged now and the others as they were judged; None when there is none."""
    release = (
        Release.objects.for_lists().select_related("licensee__organization", "drafted_by").filter(pk=release_id).first()
    )
    if release is None:
        return None
    is_draft = release.state == ReleaseState.DRAFT
    tally = tally_of(release) if is_draft else Tally.from_json(release.tally, asked=release.asked)
    job = JobRun.objects.filter(kind=BUILD_KIND, subject=release.ref).order_by("-pk").first()
    return ReleasePage(
        release=release,
        officer=release.drafted_by,
        tally=tally,
        lines=_lines(tally, _clauses(release.policy_version)),
        window=retirement_window(release) if is_draft else NO_WINDOW,
        attempts=list(release.attempts.order_by("attempted_at", "pk")),
        edition=Edition.objects.filter(release=release).first(),
        progress=progress_of(job, now=now) if job is not None else None,
        youngest_event_at=EligibleBattle.objects.filter(release_item__release=release).aggregate(
            youngest=Max("last_event_at")
        )["youngest"],
        offers=offers_of(release, now=now, in_full=in_full),
        deliveries=deliveries_of(release),
        taken_back=rows_taken_back(release),
        entry=entry_for(release.ref, _ENTRY_OF[ReleaseState(release.state)].value),
        withdrawals=release_withdrawals(release.pk),
    )


def orphaned_attempts(*, before: datetime) -> list[int]:
    """Return the ids of attempts that were begun before a moment and never closed."""
    return list(
        Attempt.objects.filter(state=AttemptState.ATTEMPTED, attempted_at__lt=before)
        .order_by("pk")
        .values_list("pk", flat=True)
    )


def _clauses(version: int | None = None) -> dict[str, ClauseText]:
    return {clause.number: clause for clause in rulebook(version=version)}


def _lines(tally: Tally, clauses: dict[str, ClauseText]) -> tuple[ClauseLine, ...]:
    return tuple(ClauseLine(clause=clauses[each.value], count=tally.count(each)) for each in ORDER)


def clause_lines(release: Release) -> tuple[ClauseLine, ...]:
    """Return what each clause took out of a release when it was sealed."""
    return _lines(Tally.from_json(release.tally, asked=release.asked), _clauses(release.policy_version))
