"""Who voted in a release, what copies tell of them, and who else is told so in what is published already."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import connection

from apps.licensing.domain.anonymity import Told, small_cells
from apps.licensing.domain.hierarchies import Attribute
from apps.licensing.models import Edition, Release, ReleaseFit, ReleaseState
from apps.policy.queries import UnknownClause, clause

_ORDER: Final = ("country", "profession", "education", "age_band", "language")
_FIT_LOCK: Final = "licensing.fit"

# What somebody's newest vote in the release carries, with the language in which they voted most there. All of it was
# frozen with the votes, so that it reads the same in a restored database. Letters are compared by their codes, since
# the order of a language's alphabet differs between machines.
_NEW: Final = """
WITH cast_there AS MATERIALIZED (
  SELECT v.contributor_id, v.battle_id, v.language
  FROM release_item i JOIN battles_vote v ON v.battle_id = i.battle_id
  WHERE i.release_id = %(release)s
    AND NOT EXISTS (SELECT 1 FROM licensing_persongeneralization g WHERE g.contributor_id = v.contributor_id)
    AND NOT EXISTS (SELECT 1 FROM licensing_tombstone t WHERE t.battle_id = i.battle_id)
), newest AS (
  SELECT v.contributor_id, v.country, v.profession, v.age_band, v.education
  FROM (SELECT max(battle_id) AS battle_id FROM cast_there GROUP BY contributor_id) AS last
  JOIN battles_vote v ON v.battle_id = last.battle_id
), spoken AS (
  SELECT DISTINCT ON (contributor_id) contributor_id, language FROM (
    SELECT contributor_id, language, count(*) AS votes FROM cast_there GROUP BY 1, 2) AS counted
  ORDER BY contributor_id, votes DESC, language COLLATE "C"
)
SELECT contributor_id, country, language, profession, age_band, education
FROM newest JOIN spoken USING (contributor_id)
"""
# People who can be read in a release now: with a row that nobody took back, and not left out there.
_TOLD: Final = """
SELECT DISTINCT i.release_id, v.contributor_id, g.country, g.language, g.profession, g.age_band, g.education
FROM release_item i
JOIN battles_vote v ON v.battle_id = i.battle_id
JOIN licensing_persongeneralization g ON g.contributor_id = v.contributor_id
WHERE i.release_id = ANY (%(releases)s)
  AND NOT EXISTS (SELECT 1 FROM licensing_tombstone t WHERE t.battle_id = i.battle_id)
  AND NOT EXISTS (
    SELECT 1 FROM licensing_leftout o WHERE o.release_id = i.release_id AND o.contributor_id = v.contributor_id)
"""
_OPEN: Final = """
SELECT DISTINCT o.release_id FROM licensing_offer o JOIN licensing_releasefit f ON f.release_id = o.release_id
WHERE o.state = 'open' ORDER BY 1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Clause W7 as it binds a release: the stricter of the version that it was drafted under and the one in force."""

    k: int
    order: tuple[Attribute, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Readers:
    """The people of a release as they are to be fitted; people by contributor ids, facts in the attributes' order."""

    declared: dict[int, Told]
    returning: dict[int, Told]
    elsewhere: dict[Told, int]


def rule_of(release: Release) -> Rule:
    """Return what clause W7 asks of a release now."""
    now: Mapping[str, Any] = clause("W7").parameters
    try:
        pinned: Mapping[str, Any] = clause("W7", version=release.policy_version).parameters
    except UnknownClause:
        pinned = {}
    return Rule(
        k=max(int(now["k"]), int(pinned.get("k", 0))),
        order=tuple(Attribute(name) for name in now.get("order", _ORDER)),
    )


def hold_the_fitting() -> None:
    """Wait until nobody else fixes what is told of people; held until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [_FIT_LOCK])


def people_of(release_id: int) -> Readers:
    """Return who voted in a release, and who else is told of in what is published; needs the lock to stay true."""
    with connection.cursor() as cursor:
        # A million votes are counted in memory, and not sorted on the disk.
        cursor.execute("SET LOCAL work_mem = '64MB'")
        cursor.execute(_NEW, {"release": release_id})
        declared = {person: tuple(facts) for person, *facts in cursor.fetchall()}
    together = _told_in([*(pk for pk in open_releases() if pk != release_id), release_id])
    returning = {person: told for person, (told, releases) in together.items() if release_id in releases}
    elsewhere: dict[Told, int] = {}
    for person, (told, _releases) in together.items():
        if person not in returning:
            elsewhere[told] = elsewhere.get(told, 0) + 1
    return Readers(declared=declared, returning=returning, elsewhere=elsewhere)


def too_few_alike(release_id: int, *, k: int) -> frozenset[int]:
    """Return the people of a release whose combination fewer than k share, over it and all open ones.

    Nobody is what opening a release needs.
    """
    together = _told_in(sorted({*open_releases(), release_id}))
    alone = small_cells({person: told for person, (told, _releases) in together.items()}, k=k)
    return frozenset(person for person in alone if release_id in together[person][1])


def everybody_too_few_alike() -> list[tuple[int, int]]:
    """Return (release, person) wherever copies that can be had, or may be, tell of somebody among fewer than k.

    Open releases count together; each that is not open yet counts with them.
    """
    can_be_had = Edition.objects.filter(offer__ended_at=None, release__state=ReleaseState.SEALED).values("release")
    fits = ReleaseFit.objects.filter(release__in=can_be_had).select_related("release").order_by("pk")
    k_of = {fit.pk: max(fit.k, rule_of(fit.release).k) for fit in fits}
    is_open = set(open_releases())
    together = _told_in(sorted({*k_of, *is_open}))
    read = {person: told for person, (told, releases) in together.items() if releases & is_open}
    alone = small_cells(read, k=max((k_of[pk] for pk in is_open if pk in k_of), default=1))
    found = [(pk, person) for person in alone for pk in together[person][1] & is_open]
    read = {person: told for person, told in read.items() if person not in alone}
    for pk in k_of.keys() - is_open:
        own = {person: told for person, (told, releases) in together.items() if pk in releases}
        few = small_cells(own | read, k=k_of[pk])
        found += [(pk, person) for person in few if person in own]
    return sorted(found)


def open_releases() -> list[int]:
    """Return the releases that somebody can have: those with an open offer."""
    with connection.cursor() as cursor:
        cursor.execute(_OPEN)
        return [release for (release,) in cursor.fetchall()]


def _told_in(releases: list[int]) -> dict[int, tuple[Told, set[int]]]:
    """Return what is told of everybody who can be read in some releases, and in which of them they can."""
    together: dict[int, tuple[Told, set[int]]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_TOLD, {"releases": releases})
        for release, person, *told in cursor.fetchall():
            together.setdefault(person, (tuple(told), set()))[1].add(release)
    return together


def a_release_was_withdrawn(*, since: datetime) -> bool:
    """Whether copies that others were counted with have ended lately, so that combinations are to be counted again."""
    ended = Release.objects.filter(state=ReleaseState.WITHDRAWN, withdrawn_at__gte=since)
    return ended.filter(pk__in=ReleaseFit.objects.values("release")).exists()
