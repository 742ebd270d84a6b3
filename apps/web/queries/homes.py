"""Reads for the homes: what each kind of user needs now, in a handful of queries a page."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q

from apps.accounts.queries import unread_count
from apps.audit.domain.actor import Actor
from apps.battles.models import Battle, BattleState, Endpoint, LanguageModel, ModelState, Vote
from apps.battles.queries import Quota, endpoint_lines, quota_of
from apps.contributors.models import Attribute, Contributor, DemographicClaim, Standing
from apps.integrity.models import Finding, FindingState
from apps.licensing.models import (
    AccessRequest,
    Edition,
    Licensee,
    Notice,
    Offer,
    OfferState,
    Release,
    ReleaseState,
    RequestState,
)
from apps.licensing.queries import LiveOverview, Waiting, licensees_of, live_overview, waiting_for
from apps.licensing.queries.deliveries import editions_of
from apps.licensing.queries.withdrawals import notices_of
from apps.moderation.models import Case, CaseKind, Decision
from apps.policy.queries import open_proposals
from apps.prompts.models import Prompt, PromptState
from apps.rankings.models import RefitRun, Snapshot
from apps.rankings.queries import Moves, latest_snapshot, moves_of, open_run


@dataclass(frozen=True, slots=True, kw_only=True)
class ContributorHome:
    """What a contributor finds at home."""

    contributor: Contributor | None
    unfinished: Battle | None
    ready_prompts: list[Prompt]
    waiting_prompts: int
    votes: int
    votes_this_week: int
    recent_votes: list[Vote]
    unread: int
    quota: Quota | None
    snapshot: Snapshot | None


def contributor_home(*, actor: Actor, now: datetime) -> ContributorHome:
    """Return what one contributor needs now."""
    contributor = Contributor.objects.filter(account_id=actor.account_id).select_related("network").first()
    unread = unread_count(actor.account_id or 0)
    if contributor is None:
        return ContributorHome(
            contributor=None, unfinished=None, ready_prompts=[], waiting_prompts=0, votes=0, votes_this_week=0,
            recent_votes=[], unread=unread, quota=None, snapshot=latest_snapshot(),
        )  # fmt: skip
    prompts = Prompt.objects.filter(author=contributor)
    votes = Vote.objects.filter(contributor=contributor).aggregate(
        all=Count("pk"), week=Count("pk", filter=Q(cast_at__gte=now - timedelta(days=7)))
    )
    return ContributorHome(
        contributor=contributor,
        unfinished=Battle.objects.of(contributor).unfinished().order_by("-opened_at").first(),
        ready_prompts=list(prompts.approved().order_by("-submitted_at")[:4]),
        waiting_prompts=prompts.filter(state__in=[PromptState.SUBMITTED, PromptState.AWAITING_REVIEW]).count(),
        votes=votes["all"],
        votes_this_week=votes["week"],
        recent_votes=list(
            Vote.objects.filter(contributor=contributor)
            .select_related("battle__left_model", "battle__right_model", "battle__prompt")
            .order_by("-cast_at")[:6]
        ),
        unread=unread,
        quota=quota_of(contributor, now=now),
        snapshot=latest_snapshot(),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueLine:
    """How many cases of one kind wait, and how the oldest of them stands."""

    kind: str
    label: str
    open: int
    late: int
    oldest: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModeratorHome:
    """What a moderator finds at home."""

    queues: list[QueueLine]
    mine: list[Case]
    decided_today: int

    @property
    def open(self) -> int:
        """Every case that waits for a person."""
        return sum(line.open for line in self.queues)

    @property
    def late(self) -> int:
        """Those of them that have waited longer than the rulebook promises."""
        return sum(line.late for line in self.queues)


def moderator_home(*, actor: Actor, now: datetime) -> ModeratorHome:
    """Return what one moderator needs now."""
    open_cases = list(Case.objects.open().values_list("kind", "opened_at", "due_at"))
    queues = []
    for kind in CaseKind:
        of_kind = [(opened, due) for found, opened, due in open_cases if found == kind]
        queues.append(
            QueueLine(
                kind=kind.value,
                label=str(kind.label),
                open=len(of_kind),
                late=sum(1 for _opened, due in of_kind if due < now),
                oldest=min((opened for opened, _due in of_kind), default=None),
            )
        )
    return ModeratorHome(
        queues=queues,
        mine=list(Case.objects.open().filter(lease_holder_id=actor.account_id, lease_until__gt=now)[:5]),
        decided_today=Decision.objects.filter(
            decided_by_id=actor.account_id, decided_at__gte=now - timedelta(hours=24)
        ).count(),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CountLine:
    """One value of an attribute and how many people declare it."""

    value: str
    people: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkHome:
    """What a network administrator finds at home."""

    active: int
    applying: int
    suspended: int
    active_this_week: int
    countries: list[CountLine]
    languages: list[CountLine]
    models: int
    endpoints_failing: int
    endpoints_off: int
    run: RefitRun | None
    snapshot: Snapshot | None
    moves: Moves | None


def _most_declared(attribute: Attribute, limit: int) -> list[CountLine]:
    rows = (
        DemographicClaim.objects.filter(
            attribute=attribute,
            ended_at=None,
            contributor__standing=Standing.ACTIVE,
            contributor__network__is_imported=False,
        )
        .values("value")
        .annotate(people=Count("contributor", distinct=True))
        .order_by("-people", "value")[:limit]
    )
    return [CountLine(value=row["value"], people=row["people"]) for row in rows]


def network_home(*, now: datetime) -> NetworkHome:
    """Return what a network administrator needs now: people and counts, never content or ballots."""
    people = Contributor.objects.filter(network__is_imported=False).aggregate(
        active=Count("pk", filter=Q(standing=Standing.ACTIVE)),
        applying=Count("pk", filter=Q(standing=Standing.APPLYING)),
        suspended=Count("pk", filter=Q(standing=Standing.SUSPENDED)),
    )
    snapshot = latest_snapshot()
    return NetworkHome(
        active=people["active"],
        applying=people["applying"],
        suspended=people["suspended"],
        active_this_week=Vote.objects.filter(cast_at__gte=now - timedelta(days=7))
        .values("contributor")
        .distinct()
        .count(),
        countries=_most_declared(Attribute.COUNTRY, 12),
        languages=_most_declared(Attribute.LANGUAGE, 12),
        models=LanguageModel.objects.filter(is_imported=False, state=ModelState.PUBLIC).count(),
        endpoints_failing=sum(1 for line in endpoint_lines(now=now) if line.is_drawn and line.failed),
        endpoints_off=Endpoint.objects.filter(is_active=False).count(),
        run=open_run(),
        snapshot=snapshot,
        moves=moves_of(snapshot) if snapshot is not None else None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LicensingHome:
    """What a licensing officer or an approver finds at home."""

    wall: LiveOverview
    newest: list[Release]
    sealed: list[Release]
    refused: list[Release]
    drafts: int
    requests: int
    licensees: int
    awaiting: int
    waiting: Waiting
    proposals: int


def licensing_home(account_id: int, *, now: datetime) -> LicensingHome:
    """Return what the licensing desk, or an approver, needs now."""
    releases = Release.objects.for_lists().order_by("-drafted_at", "-pk")
    return LicensingHome(
        wall=live_overview(),
        newest=list(releases[:8]),
        sealed=list(releases.filter(state=ReleaseState.SEALED)[:8]),
        refused=list(releases.filter(state=ReleaseState.REFUSED)[:8]),
        drafts=Release.objects.filter(state=ReleaseState.DRAFT).count(),
        requests=AccessRequest.objects.filter(state=RequestState.ASKED).count(),
        licensees=Licensee.objects.filter(suspended_at=None).count(),
        awaiting=Offer.objects.filter(state=OfferState.AWAITING).count(),
        waiting=waiting_for(account_id, now=now),
        proposals=open_proposals(),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenseeHome:
    """What somebody who speaks for a licensee finds at home."""

    releases: list[Release]
    licensees: list[Licensee]
    editions: list[Edition]
    unanswered: list[Notice]

    @property
    def open(self) -> int:
        """Editions whose offer is open."""
        return sum(1 for edition in self.editions if edition.offer.state == OfferState.OPEN)

    @property
    def under_way(self) -> int:
        """Releases that are drafts, or sealed and not open to anybody yet."""
        return sum(1 for release in self.releases if _is_under_way(release))

    @property
    def refused(self) -> int:
        """Releases that a clause has ended."""
        return self._in(ReleaseState.REFUSED)

    def _in(self, state: ReleaseState) -> int:
        return sum(1 for release in self.releases if release.state == state)


def _is_under_way(release: Release) -> bool:
    offer = release.leading_offer
    is_waiting = offer is None or (offer.ended_at is None and offer.opened_at is None)
    return release.state == ReleaseState.DRAFT or (release.state == ReleaseState.SEALED and is_waiting)


def licensee_home(account_id: int) -> LicenseeHome:
    """Return what is there and what waits for all licensees that an account speaks for, newest first."""
    licensees = licensees_of(account_id)
    releases = Release.objects.for_lists().filter(licensee__in=licensees).order_by("-drafted_at", "-pk")
    own = [licensee.pk for licensee in licensees]
    return LicenseeHome(
        releases=list(releases[:100]),
        licensees=licensees,
        editions=editions_of(own),
        unanswered=[notice for notice in notices_of(own) if notice.acknowledged_at is None],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicFigures:
    """The figures at the foot of the board."""

    open_findings: int
    votes_excluded: int
    released_live: int
    contributors: int
    unfinished: int


def public_figures() -> PublicFigures:
    """Return the counts that the public board shows beside its table."""
    return PublicFigures(
        open_findings=Finding.objects.filter(state=FindingState.OPEN).count(),
        votes_excluded=Vote.objects.exclude(excluded_under="").count(),
        released_live=Release.objects.filter(
            state=ReleaseState.SEALED, release_items__battle__clusters__cluster__certificate=None
        ).count(),
        contributors=Contributor.objects.active().filter(network__is_imported=False).count(),
        unfinished=Battle.objects.filter(state=BattleState.READY).count(),
    )
