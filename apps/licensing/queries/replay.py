"""Past releases under any version of the rulebook: counted by the database, judged as ``domain/replay.py`` explains."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from django.db import connection
from django.db.models import Count, Q

from apps.battles.models import LanguageModel
from apps.jobs.models import JobRun, JobState
from apps.licensing.domain.replay import (
    FLOOR_DAYS,
    MOST_DAYS,
    Measured,
    Recorded,
    RecordedOffer,
    Rules,
    holds,
    judge,
)
from apps.licensing.domain.verdicts import Verdict
from apps.licensing.models import Edition, FinalRecipient, Offer, Release, ReleaseState
from apps.licensing.queries.replay_after import recorded_after
from apps.organizations.queries import reachable
from apps.policy.models import PolicyProposal, PolicyVersion
from apps.policy.queries import UnknownClause, current_version, proposed_rulebook, rulebook

_LAST_EVENTS: Final = """
SELECT r.sealed_at - (
  SELECT max(c.last_live_at) FROM eligible_battle_cluster x JOIN retired_cluster c ON c.cluster_id = x.cluster_id
  WHERE x.battle_id = i.battle_id) AS age
FROM licensing_release r JOIN release_item i ON i.release_id = r.id
WHERE r.id = %(release)s AND r.sealed_at IS NOT NULL
"""
_COUNTED: Final = f"""
SELECT count(*), count(*) FILTER (WHERE age < make_interval(hours => 24 * %(age)s)),
  count(*) FILTER (WHERE age < make_interval(hours => 24 * %(hold_back)s)), min(age)
FROM ({_LAST_EVENTS}) AS items
"""  # noqa: S608 - Both parts are written here.
_AGES_AT: Final = f"""
SELECT percentile_disc(ARRAY[0, 0.25, 0.5, 0.75, 1]) WITHIN GROUP (ORDER BY age) FROM ({_LAST_EVENTS}) AS items
"""  # noqa: S608 - Both parts are written here.

BACK_TEST_KIND: Final = "licensing.back_test"
PAST: Final = (ReleaseState.SEALED, ReleaseState.REFUSED, ReleaseState.WITHDRAWN)


def past_releases() -> list[int]:
    """Return the ids of all releases that were judged and stay so, oldest first: what a back-test looks at."""
    return list(Release.objects.filter(state__in=PAST).order_by("pk").values_list("pk", flat=True))


def due_back_tests() -> list[tuple[int, int]]:
    """Return the back-tests that are due or were begun, as ids of the job and of the proposal, oldest first."""
    jobs = JobRun.objects.filter(kind=BACK_TEST_KIND, state__in=(JobState.DUE, JobState.RUNNING)).order_by("pk")
    return [(pk, int(subject.rpartition(":")[2])) for pk, subject in jobs.values_list("pk", "subject")]


def rules_of(version: int) -> Rules:
    """Return the numbers of one version.

    Raises:
        UnknownClause: when there is no such version.
    """
    if not PolicyVersion.objects.filter(number=version).exists():
        raise UnknownClause(f"The rulebook has no version {version}.")
    return Rules.of(version, rulebook(version=version))


def rules_under(proposal: PolicyProposal) -> Rules:
    """Return the numbers as they would be under a proposal; they have the number that its version would get."""
    return Rules.of(proposal.based_on.number + 1, proposed_rulebook(proposal))


def recorded(release: Release, *, with_ages: bool = False) -> Recorded:
    """Return what is recorded of a release; its items' ages only if asked for, since there may be a million."""
    is_sealed = release.sealed_at is not None and release.state != ReleaseState.CANCELLED
    moment = release.sealed_at or release.refused_at or release.drafted_at
    return Recorded(
        release_id=release.pk,
        state=release.state,
        asked=release.asked,
        items=release.items,
        taken_out={str(clause): int(count) for clause, count in release.tally.items()},
        judged_days=_judged_days(release, moment),
        is_sealed=is_sealed,
        ages=_ages(release) if with_ages and is_sealed else (),
        offers=_offers(release, moment.date()),
        after=recorded_after(release) if is_sealed else None,
    )


def measured(release: Release, rules: Rules, *, known: Recorded | None = None) -> Measured:
    """Count a release against a version's numbers, in the database."""
    record = known or recorded(release)
    items, too_young, held_back, youngest = 0, 0, 0, None
    if record.is_sealed:
        told = {
            "release": release.pk,
            "age": min(rules.min_age_days or 0, MOST_DAYS),
            "hold_back": min(rules.hold_back_days or 0, MOST_DAYS),
        }
        with connection.cursor() as cursor:
            cursor.execute(_COUNTED, told)
            items, too_young, held_back, youngest = cursor.fetchone()
    return Measured(recorded=record, items=items, too_young=too_young, held_back=held_back, youngest=youngest)


def verdicts_on(release: Release, rules: Rules, *, known: Recorded | None = None) -> tuple[Verdict, ...]:
    """Judge one release under one version."""
    return judge(measured(release, rules, known=known), rules)


def _ages(release: Release) -> tuple[timedelta, ...]:
    with connection.cursor() as cursor:
        cursor.execute(_LAST_EVENTS, {"release": release.pk})
        return tuple(age for (age,) in cursor.fetchall())


def ages_at(release: Release) -> list[timedelta]:
    """Return the youngest, the quartiles and the oldest of the items' ages at sealing; empty when nothing is sealed."""
    with connection.cursor() as cursor:
        cursor.execute(_AGES_AT, {"release": release.pk})
        (found,) = cursor.fetchone()
    return list(found or ())


def _judged_days(release: Release, moment: datetime) -> int:
    """Return the days of W1 under which a release was judged: the longer of those pinned and those in force then."""
    versions = {release.policy_version, current_version(at=moment)}
    days = [Rules.of(number, rulebook(version=number)).min_age_days for number in versions]
    return max([FLOOR_DAYS, *(each for each in days if each is not None)])


def _offers(release: Release, day: date) -> tuple[RecordedOffer, ...]:
    offers = (
        Offer.objects.filter(release=release)
        .annotate(yeses=Count("approvals"))
        .prefetch_related("recipients__licensee")
        .order_by("number")
    )
    promised: dict[int, list[int]] = {}
    for offer_id, manifest in Edition.objects.filter(release=release).values_list("offer_id", "manifest"):
        k = manifest.get("contributors", {}).get("k") if isinstance(manifest.get("contributors"), dict) else None
        if isinstance(k, int):
            promised.setdefault(offer_id, []).append(k)
    return tuple(
        RecordedOffer(
            number=offer.number,
            approvals=offer.yeses,
            was_open=offer.opened_at is not None,
            lock=_lock_of(offer),
            is_on_the_board=_is_on_the_board(
                [each.licensee.organization_id for each in offer.recipients.all()],
                offer.announced_at.date() if offer.announced_at is not None else day,
            ),
            k=min(promised[offer.pk]) if offer.pk in promised else None,
        )
        for offer in offers
    )


def _lock_of(offer: Offer) -> timedelta | None:
    until = offer.opened_at or offer.opens_at
    return None if offer.announced_at is None or until is None else until - offer.announced_at


def _is_on_the_board(organization_ids: Iterable[int], day: date) -> bool:
    """Tell whether licensees, their final recipients, or anybody tied to them had a model here on a day."""
    licensees = list(organization_ids)
    recipients = FinalRecipient.objects.filter(licensee__organization_id__in=licensees, declared_at__date__lte=day)
    ends = recipients.filter(Q(ended_at=None) | Q(ended_at__date__gt=day)).values_list("organization_id", flat=True)
    tied = reachable([*licensees, *ends], on=day)
    return LanguageModel.objects.filter(organization_id__in=tied, is_imported=False, added_at__date__lte=day).exists()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayLine:
    """What one rule says of a release under the version asked for, and under the one it was drafted under."""

    verdict: Verdict
    pinned: Verdict
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """One release under one version."""

    release: Release
    version: int
    versions: list[int]
    lines: tuple[ReplayLine, ...]

    @property
    def holds(self) -> bool:
        """Whether no rule refuses it under the version asked for."""
        return holds(line.verdict for line in self.lines)

    @property
    def refusing(self) -> list[ReplayLine]:
        """The rules that refuse it."""
        return [line for line in self.lines if line.verdict.outcome == "refuses"]


def existing_release(release_id: int) -> Release | None:
    """Return a release that is more than a draft; None when there is none."""
    return Release.objects.for_lists().exclude(state=ReleaseState.DRAFT).filter(pk=release_id).first()


def replay(release: Release, version: int) -> Replay:
    """Judge a release under a version.

    Raises:
        UnknownClause: when there is no such version.
    """
    known, rules, pinned = recorded(release), rules_of(version), rules_of(release.policy_version)
    now, then = verdicts_on(release, rules, known=known), verdicts_on(release, pinned, known=known)
    titles = {clause.number: clause.title for clause in [*rulebook(), *rulebook(version=version)]}
    return Replay(
        release=release,
        version=version,
        versions=list(PolicyVersion.objects.order_by("number").values_list("number", flat=True)),
        lines=tuple(
            ReplayLine(verdict=one, pinned=other, title=titles.get(one.clause, ""))
            for one, other in zip(now, then, strict=True)
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of two releases that are compared."""

    release: Release
    record: Recorded
    verdicts: tuple[Verdict, ...]
    ages: list[timedelta]
    recipients: list[str]


def side_of(release: Release, version: int) -> Side:
    """Return what a comparison shows of one release, judged under one version for both."""
    known = recorded(release)
    names = Offer.objects.filter(release=release).values_list("recipients__licensee__organization__name", flat=True)
    first = release.licensee.organization.name
    return Side(
        release=release,
        record=known,
        verdicts=verdicts_on(release, rules_of(version), known=known),
        ages=ages_at(release),
        recipients=sorted({first, *(name for name in names if name)}),
    )


def past_choices() -> list[tuple[int, str]]:
    """Return the past releases to choose from, newest first."""
    rows = Release.objects.filter(state__in=PAST).order_by("-pk").values_list("pk", "title")[:200]
    return [(number, f"{number}. {title}") for number, title in rows]
