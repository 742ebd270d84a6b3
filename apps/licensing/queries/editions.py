"""What editions are made of beside their rows: the items of a release in order, who builds, and what is due."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from django.db import connection
from django.db.models import Exists, OuterRef
from psycopg import sql

from apps.jobs.models import JobRun, JobState
from apps.licensing.domain.items import Certificate, Item
from apps.licensing.domain.manifest import manifest_bytes
from apps.licensing.models import (
    Edition,
    EditionRevision,
    LeftOut,
    Offer,
    OfferLicensee,
    OfferState,
    Release,
    ReleaseState,
    Tombstone,
)
from apps.licensing.queries.people import rule_of

BUILD_KIND: Final = "licensing.edition"
LIVING: Final = (
    OfferState.BUILDING,
    OfferState.AWAITING,
    OfferState.ANNOUNCED,
    OfferState.SUSPENDED,
    OfferState.OPEN,
)
_LOCK_SPACE: Final = 0x5D0E
_LICENSEE_SPACE: Final = 0x5D0F
_BATCH: Final = 5_000

_ITEMS: Final = """
SELECT i.battle_id, e.last_event_at, array_agg(x.cluster_id ORDER BY x.cluster_id),
  array_agg(x.retired_at ORDER BY x.cluster_id)
FROM release_item i
JOIN eligible_battle e ON e.battle_id = i.battle_id
JOIN eligible_battle_cluster x ON x.battle_id = i.battle_id
WHERE i.release_id = %s AND i.battle_id > %s
GROUP BY i.battle_id, e.last_event_at ORDER BY i.battle_id LIMIT %s
"""
# The same items as canonical JSON, spelt by the database: a test holds it against the writer in Python. No letter of it
# is one that COPY would write in another way.
_LEAVES: Final = sql.SQL("""
COPY (
  SELECT format('{{"battle":%s,"certificates":[%s],"last_event_at":"%s"}}', e.battle_id, c.told,
    to_char(e.last_event_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
  FROM release_item i
  JOIN eligible_battle e ON e.battle_id = i.battle_id
  CROSS JOIN LATERAL (
    SELECT string_agg(format('[%s,"%s"]', x.cluster_id,
      to_char(x.retired_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')), ',' ORDER BY x.cluster_id) AS told
    FROM eligible_battle_cluster x WHERE x.battle_id = i.battle_id) AS c
  WHERE i.release_id = {release} ORDER BY i.battle_id
) TO STDOUT
""")


def items_of(release_id: int) -> Iterator[Item]:
    """Yield the items of a release by rising battle id, a few thousand at a time."""
    last = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_ITEMS, [release_id, last, _BATCH])
            rows = cursor.fetchall()
        for battle_id, last_event_at, clusters, times in rows:
            last = battle_id
            yield Item(
                battle_id=battle_id,
                last_event_at=last_event_at,
                certificates=[
                    Certificate(cluster_id=cluster, retired_at=at) for cluster, at in zip(clusters, times, strict=True)
                ],
            )
        if len(rows) < _BATCH:
            return


def leaves_of(release_id: int) -> Iterator[bytes]:
    """Yield the leaves of a release's items in their order, as canonical JSON, while the database writes the next."""
    with connection.cursor() as cursor, cursor.copy(_LEAVES.format(release=sql.Literal(release_id))) as lines:
        for line in lines:
            yield bytes(line[:-1])


@dataclass(frozen=True, slots=True, kw_only=True)
class DueEdition:
    """An edition that is to be built: whose, and under which offer."""

    release_id: int
    offer_id: int
    licensee_id: int


def due_editions() -> list[DueEdition]:
    """Return who is to get an edition and has none yet, the oldest offer first.

    A release whose last build was stopped or failed waits until an officer asks again.
    """
    waiting = (
        OfferLicensee.objects.filter(offer__state=OfferState.BUILDING, offer__release__state=ReleaseState.SEALED)
        .exclude(Exists(Edition.objects.filter(release=OuterRef("offer__release"), licensee=OuterRef("licensee"))))
        .order_by("offer_id", "licensee_id")
        .select_related("offer")
    )
    return [
        DueEdition(release_id=each.offer.release_id, offer_id=each.offer_id, licensee_id=each.licensee_id)
        for each in waiting
        if may_go_on(each.offer)
    ]


def finished_offers() -> list[int]:
    """Return the offers that are still put down as being built although every edition of theirs is there."""
    built = Edition.objects.filter(release=OuterRef("offer__release"), licensee=OuterRef("licensee"))
    recipients = OfferLicensee.objects.filter(offer=OuterRef("pk"))
    return list(
        Offer.objects.filter(Exists(recipients), state=OfferState.BUILDING, release__state=ReleaseState.SEALED)
        .exclude(Exists(recipients.exclude(Exists(built))))
        .order_by("pk")
        .values_list("pk", flat=True)
    )


def last_build(release_id: int) -> JobRun | None:
    """Return the newest piece of work that builds editions of a release."""
    subject = Release(pk=release_id).ref
    return JobRun.objects.filter(kind=BUILD_KIND, subject=subject).order_by("-pk").first()


def may_go_on(offer: Offer) -> bool:
    """Whether nobody stopped the building of an offer, or somebody has asked for it again since."""
    last = last_build(offer.release_id)
    if last is None or last.state in {JobState.DUE, JobState.RUNNING, JobState.DONE}:
        return True
    return last.created_at < offer.created_at


def due_rewrites(*, offer_id: int | None = None) -> list[int]:
    """Return the editions whose files hold rows that no copy may hold any more, the oldest first."""
    built = Edition.objects.filter(offer__state__in=LIVING).exclude(offer__state=OfferState.BUILDING)
    if offer_id is not None:
        built = built.filter(offer=offer_id)
    return [edition.pk for edition in built.select_related("release").order_by("pk") if is_behind(edition)]


def editions_to_be_had() -> list[Edition]:
    """Return the editions of offers that have not ended."""
    return list(Edition.objects.filter(offer__state__in=LIVING, release__state=ReleaseState.SEALED).order_by("pk"))


def is_behind(edition: Edition) -> bool:
    """Whether an edition's manifest knows less than the database of what was taken or held back, or of clause W7."""
    told = edition.manifest
    return (
        told["contributors"]["k"] < rule_of(edition.release).k
        or tombstones_in(edition.release_id) != len(told["gone"]["withdrawn"])
        or people_left_out(edition.release_id, is_later=True) != told["contributors"]["people_held_back"]
    )


def tombstones_in(release_id: int) -> int:
    """Return how many items of a release were taken back."""
    return Tombstone.objects.filter(battle__eligibility__release_item__release=release_id).count()


def people_left_out(release_id: int, *, is_later: bool) -> int:
    """Return how many people a release leaves out, from the beginning or since others were taken back."""
    return LeftOut.objects.filter(release=release_id, is_later=is_later).count()


def folders_in_use() -> frozenset[str]:
    """Return the folders of editions that somebody has, may get, or builds at this moment."""
    recipients = OfferLicensee.objects.filter(offer__state__in=LIVING, offer__release__state=ReleaseState.SEALED)
    first = {folder_of(release, licensee) for release, licensee in recipients.values_list("offer__release", "licensee")}
    used: set[str] = set()
    for edition in Edition.objects.filter(offer__state__in=LIVING, release__state=ReleaseState.SEALED):
        used |= {edition.path, folder_of(edition.release_id, edition.licensee_id, edition.revision + 1)}
        first.discard(folder_of(edition.release_id, edition.licensee_id))
    return frozenset(first | used)


def folder_of(release_id: int, licensee_id: int, revision: int = 0) -> str:
    """Return the name of an edition's folder below the releases' storage."""
    return f"release-{release_id}-licensee-{licensee_id}-{revision}"


def folders_of(release_id: int) -> list[str]:
    """Return the folders in which editions of a release can lie."""
    built = Edition.objects.filter(release=release_id).values_list("path", flat=True)
    asked = OfferLicensee.objects.filter(offer__release=release_id).values_list("licensee", flat=True)
    return sorted({*built, *(folder_of(release_id, licensee) for licensee in asked)})


def release_of(folder: str) -> int:
    """Return the release whose folder this is, or 0."""
    number = folder.removeprefix("release-").partition("-")[0]
    return int(number) if number.isdecimal() else 0


@contextmanager
def holding_the_build_lock(release_id: int) -> Iterator[bool]:
    """Yield whether this process is the one that builds the release's editions; the lock falls with the connection."""
    with _holding(_LOCK_SPACE, release_id % 2**31) as held:
        yield held


@contextmanager
def holding_the_licensee(licensee_id: int) -> Iterator[bool]:
    """Yield whether this process alone builds editions for a licensee, so that they are counted one after the other."""
    with _holding(_LICENSEE_SPACE, licensee_id % 2**31) as held:
        yield held


@contextmanager
def _holding(space: int, number: int) -> Iterator[bool]:
    key = [space, number]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", key)
        (held,) = cursor.fetchone() or (False,)
    try:
        yield held
    finally:
        if held and connection.is_usable():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", key)


def manifest_of_digest(sha256: str) -> bytes | None:
    """Return the manifest that the log names by this digest (hex), as canonical JSON; None when there is none."""
    found = EditionRevision.objects.filter(manifest_sha256=sha256).values_list("manifest", flat=True).first()
    return manifest_bytes(found) if found is not None else None
