"""The licensing desk's history: licensees, and releases that were refused, sealed, cancelled and only drafted."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from typing import Final

from django.db import connection
from django.db.models import Count
from django.utils import timezone

from apps.audit.domain.actor import Actor
from apps.audit.domain.canonical import time_text
from apps.audit.services import record_refusal
from apps.licensing.domain.filters import ReleaseFilters
from apps.licensing.events import LicensingEvent
from apps.licensing.flows import approve, build_due_editions, cancel, open_now, seal
from apps.licensing.models import EligibleBattleCluster, Licensee, Offer, Release, RetiredCluster
from apps.licensing.queries import due_clusters, min_age_days
from apps.licensing.services import NotFourPeople, NothingMatches, Sealing, TakenOut, draft_release
from apps.prompts.models import Cluster
from showdown.demo.loading.partners import Partners
from showdown.demo.loading.stage import Stage
from showdown.demo.loading.trail import Trail

_RETIREMENT: Final = Actor.system("licensing.retire_due")
_BUILDING: Final = Actor.system("licensing.sweep")
# A language and a day of which every voted battle is past the wall, so that another clause has to say no.
_PAST_IN_FULL: Final = """
SELECT b.language, (b.opened_at AT TIME ZONE 'UTC')::date AS day, count(*) AS battles
FROM battles_battle b LEFT JOIN eligible_battle e ON e.battle_id = b.id
WHERE b.voted GROUP BY 1, 2 HAVING count(*) = count(e.battle_id) AND count(*) > 3 ORDER BY battles DESC, day LIMIT 1
"""
# The languages in which most is past the wall.
_LANGUAGES: Final = """
SELECT b.language FROM eligible_battle e JOIN battles_battle b ON b.id = e.battle_id
GROUP BY 1 HAVING count(*) >= %s ORDER BY count(*) DESC, b.language
"""
_LONG_AGO: Final = timedelta(days=15)
_RETIRE_AS_OF: Final = (
    """
    INSERT INTO retired_cluster (cluster_id, last_live_at, retired_at)
    SELECT c.cluster_id, max(b.last_event_at), %(moment)s
    FROM battle_cluster c JOIN battles_battle b ON b.id = c.battle_id
    GROUP BY c.cluster_id HAVING max(b.last_event_at) <= %(moment)s - make_interval(hours => 24 * %(days)s)
    """,
    """
    INSERT INTO eligible_battle (battle_id, source, last_event_at)
    SELECT b.id, b.source, b.last_event_at FROM battles_battle b
    WHERE b.source = 'platform' AND b.voted AND b.state = 'voted' AND b.tag IS NULL
      AND EXISTS (SELECT 1 FROM battle_cluster o WHERE o.battle_id = b.id)
      AND NOT EXISTS (
        SELECT 1 FROM battle_cluster o LEFT JOIN retired_cluster r ON r.cluster_id = o.cluster_id
        WHERE o.battle_id = b.id AND r.cluster_id IS NULL)
    """,
    """
    INSERT INTO eligible_battle_cluster (battle_id, cluster_id, retired_at, last_event_at)
    SELECT e.battle_id, o.cluster_id, r.retired_at, e.last_event_at
    FROM eligible_battle e JOIN battle_cluster o ON o.battle_id = e.battle_id
    JOIN retired_cluster r ON r.cluster_id = o.cluster_id
    """,
)
# Entries got their numbers only when all of them were put in order.
_NAME_ENTRIES: Final = """
UPDATE licensing_attempt a SET entry = e.id FROM public.audit_entry e
WHERE e.event LIKE 'licensing.%%refused'
  AND convert_from(e.body, 'UTF8')::jsonb #>> '{facts,attempt}' = 'licensing.attempt:' || a.id
"""
_ENOUGH: Final = 5
_ALL: Final = 1_000_000


@contextmanager
def _as_of(moment: datetime) -> Iterator[None]:
    """Let the wall's functions take another moment for now, as they do for the owner alone."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('wall.moment', %s, true)", [moment.isoformat()])
        yield
        cursor.execute("SELECT set_config('wall.moment', '', true)")


def _at(moment: datetime, *, minutes: int) -> Callable[[], datetime]:
    return lambda: moment + timedelta(minutes=minutes)


class Sales:
    """Everything that Margaret did."""

    def __init__(self, stage: Stage, *, trail: Trail, start: datetime, now: datetime) -> None:
        self.stage, self.trail, self.start, self.now = stage, trail, start, now
        self.margaret = stage.actor("margaret")
        self.partners = Partners(stage, start=start, now=now)
        self.university, self.analytics = self.partners.university, self.partners.analytics

    def retire(self) -> int:
        """Certify every cluster that is past the wall by its function, as the night's task does one by one."""
        due = due_clusters(limit=_ALL)
        with connection.cursor() as cursor:
            # The tables of the wall grow from nothing in this one statement. The plans made at its beginning would
            # read them whole for each cluster, as one reads an empty table, and cost ten times as much at the end.
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute(
                "SELECT retire_cluster(due.id, %s) FROM unnest(%s::bigint[]) AS due (id) ORDER BY due.id",
                [min_age_days(), due],
            )
            cursor.execute("SET LOCAL enable_seqscan = on")
        self._record_retirements(due, at=None)
        return len(due)

    def _record_retirements(self, due: Sequence[int], *, at: datetime | None) -> None:
        eligible = dict(
            EligibleBattleCluster.objects.filter(cluster_id__in=due)
            .values_list("cluster_id")
            .annotate(Count("battle_id"))
            .order_by("cluster_id")
        )
        for certificate in RetiredCluster.objects.filter(pk__in=due).order_by("pk"):
            self.trail.record(
                LicensingEvent.CLUSTER_RETIRED,
                actor=_RETIREMENT,
                subject=Cluster(pk=certificate.pk).ref,
                at=at or timezone.now(),
                clause="W1",
                facts={
                    "last_live_at": time_text(certificate.last_live_at),
                    "retired_at": time_text(certificate.retired_at),
                    "eligible_battles": eligible.get(certificate.pk, 0),
                },
            )
        self.trail.write()

    def retire_long_ago(self) -> int:
        """Certify what was past the wall two weeks ago as of then: what is open today was sealed after that.

        One statement a table, with the conditions of ``retire_cluster``; the keys and CHECKs of the wall hold for it.
        """
        moment = self.now - _LONG_AGO
        with connection.cursor() as cursor:
            for statement in _RETIRE_AS_OF:
                cursor.execute(statement, {"moment": moment, "days": min_age_days()})
        certified = RetiredCluster.objects.filter(retired_at=moment)
        self._record_retirements(list(certified.values_list("pk", flat=True)), at=moment)
        return certified.count()

    def happen_before(self) -> None:
        """Sell twice before today: one release is open by now, and the clock of another one runs."""
        with connection.cursor() as cursor:
            cursor.execute(_LANGUAGES, [_ENOUGH])
            languages = [language for (language,) in cursor.fetchall()]
        day = (self.now - timedelta(days=90)).astimezone(UTC).date()
        for title, language, ago in (
            ("The first language that was asked for", languages[:1], timedelta(days=12)),
            ("A second language for the same study", languages[1:2], timedelta(days=4)),
        ):
            if language:
                self._sold(title, ReleaseFilters(languages=tuple(language), until=day), self.now - ago)

    def _sold(self, title: str, wanted: ReleaseFilters, at: datetime) -> None:
        release = self._draft(self.university, title, wanted, at)
        with suppress(TakenOut, NothingMatches):
            seal(actor=self.margaret, release_id=release.pk, mode=Sealing.PAST_THE_WALL, clock=_at(at, minutes=3))
            if not build_due_editions(actor=_BUILDING, clock=_at(at, minutes=5)):
                return
            offer = release.offers.get()
            self._approved(offer, "katherine", at + timedelta(hours=20))
            with suppress(NotFourPeople):
                self._approved(offer, "katherine", at + timedelta(hours=21))
            self._approved(offer, "dorothy", at + timedelta(hours=44))
            opens = at + timedelta(hours=44 + 72, minutes=2)
            if opens < self.now:
                with _as_of(opens):
                    open_now(actor=_BUILDING, offer_id=offer.pk, clock=lambda: opens)

    def _approved(self, offer: Offer, name: str, at: datetime) -> None:
        with _as_of(at):
            approve(
                actor=self.stage.actor(name, reauthenticated_at=at),
                offer_id=offer.pk,
                digest=Offer.objects.values_list("digest", flat=True).get(pk=offer.pk),
                clock=lambda: at,
            )

    def happen(self) -> None:
        """Draft and seal, be refused, cancel."""
        day = self.now.astimezone(UTC).date()
        self.partners.ask()
        self._refused_as_live(day)
        self._refused_for_consents()
        with connection.cursor() as cursor:
            cursor.execute(_LANGUAGES, [_ENOUGH])
            languages = [language for (language,) in cursor.fetchall()]
        self._sealed(day, languages[:2])
        # A small network has fewer languages of which anything is past the wall.
        if languages[2:3]:
            self._cancelled(day, languages[2:3])
        if languages[3:5]:
            self._drafted(day, languages[3:5])
        # What the cancelled release gave back is old enough, and retired anew.
        self.retire()

    def name_entries(self) -> None:
        """Let each refused attempt name its entry, once the log has numbered them."""
        with connection.cursor() as cursor:
            cursor.execute(_NAME_ENTRIES, [])

    def _draft(self, licensee: Licensee, title: str, filters: ReleaseFilters, at: datetime) -> Release:
        return draft_release(actor=self.margaret, licensee=licensee, title=title, filters=filters, now=at)

    def _refused_as_live(self, day: date) -> None:
        """Somebody asks for this month's battles, and the wall says no."""
        at = self.now - timedelta(days=17, hours=3)
        wanted = ReleaseFilters(since=day - timedelta(days=40), until=day - timedelta(days=27))
        release = self._draft(self.analytics, "Two weeks of last month", wanted, at)
        self._refused(release, at + timedelta(minutes=4))

    def _refused_for_consents(self) -> None:
        """Everything asked for is past the wall, but not everybody agreed."""
        with connection.cursor() as cursor:
            cursor.execute(_PAST_IN_FULL)
            found = cursor.fetchone()
        if found is None:
            return
        language, day, _battles = found
        at = timezone.now()
        wanted = ReleaseFilters(languages=(language,), since=day, until=day)
        release = self._draft(self.university, f"One day in full, {day.isoformat()}", wanted, at)
        self._refused(release, None)

    def _refused(self, release: Release, at: datetime | None) -> None:
        try:
            seal(
                actor=self.margaret,
                release_id=release.pk,
                mode=Sealing.ALL_OR_NOTHING,
                clock=(lambda: at) if at else timezone.now,
            )
        except TakenOut as refused:
            record_refusal(refused, actor=self.margaret, attempted="licensing:seal", at=at or timezone.now())
            return
        raise AssertionError(f"{release} was to be refused.")

    def _sealed(self, day: date, languages: Sequence[str]) -> None:
        wanted = ReleaseFilters(languages=tuple(sorted(languages)), until=day - timedelta(days=70))
        release = self._draft(self.university, "Explanations from the first months", wanted, timezone.now())
        with suppress(TakenOut):
            seal(actor=self.margaret, release_id=release.pk, mode=Sealing.PAST_THE_WALL)
            build_due_editions(actor=_BUILDING)

    def _cancelled(self, day: date, languages: Sequence[str]) -> None:
        wanted = ReleaseFilters(languages=tuple(languages), until=day - timedelta(days=75))
        release = self._draft(self.university, "A second language, given back", wanted, timezone.now())
        with suppress(TakenOut):
            seal(actor=self.margaret, release_id=release.pk, mode=Sealing.PAST_THE_WALL)
        cancel(actor=self.margaret, release_id=release.pk)

    def _drafted(self, day: date, languages: Sequence[str]) -> None:
        wanted = ReleaseFilters(languages=tuple(sorted(languages)), until=day - timedelta(days=40))
        self._draft(self.university, "Two more languages, to be discussed", wanted, timezone.now())
