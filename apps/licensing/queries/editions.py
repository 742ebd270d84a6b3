"""What an edition is made of: the items in order, and the rows a batch at a time."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from django.db import connection
from django.db.models import Exists, OuterRef

from apps.jobs.models import JobRun, JobState
from apps.licensing.domain.edition import Row, manifest_bytes
from apps.licensing.domain.items import Certificate, Item
from apps.licensing.domain.pseudonyms import Pseudonyms
from apps.licensing.domain.regions import region_of
from apps.licensing.models import Edition, Release, ReleaseState

BUILD_KIND: Final = "licensing.edition"
_LOCK_SPACE: Final = 0x5D0E
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
_IDS: Final = "SELECT battle_id FROM release_item WHERE release_id = %s ORDER BY battle_id"
_ROWS: Final = """
SELECT b.id, p.author_id, v.contributor_id, v.country, b.language, b.category,
  to_char(v.cast_at AT TIME ZONE 'UTC', 'YYYY-MM'), lm.name, rm.name, v.choice, p.text, ls.text, rs.text
FROM unnest(%s::bigint[]) WITH ORDINALITY AS wanted (id, place)
JOIN release_item i ON i.battle_id = wanted.id
JOIN battles_battle b ON b.id = i.battle_id
JOIN battles_vote v ON v.battle_id = b.id
JOIN prompts_prompt p ON p.id = b.prompt_id
JOIN battles_languagemodel lm ON lm.id = b.left_model_id
JOIN battles_languagemodel rm ON rm.id = b.right_model_id
JOIN battles_response ls ON ls.battle_id = b.id AND ls.side = 'left'
JOIN battles_response rs ON rs.battle_id = b.id AND rs.side = 'right'
ORDER BY wanted.place
"""
_OUTCOMES: Final = {"left": "a", "right": "b", "both_good": "both_good", "both_bad": "both_bad"}


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


def rows_in_order(release_id: int, names: Pseudonyms) -> list[int]:
    """Return the battles of a release in the order of their rows' names, which tells nothing about time."""
    with connection.cursor() as cursor:
        cursor.execute(_IDS, [release_id])
        ids = [battle_id for (battle_id,) in cursor.fetchall()]
    ids.sort(key=names.row)
    return ids


def edition_batch(battle_ids: Sequence[int], names: Pseudonyms) -> list[Row]:
    """Return the rows of an edition for some released battles, in the order given."""
    with connection.cursor() as cursor:
        cursor.execute(_ROWS, [list(battle_ids)])
        return [
            (
                names.row(battle_id).hex(),
                names.person(author_id),
                names.person(voter_id),
                region_of(country),
                language,
                category,
                month,
                left,
                right,
                _OUTCOMES[choice],
                prompt,
                left_text,
                right_text,
            )
            for battle_id, author_id, voter_id, country, language, category, month, left, right, choice, prompt,
            left_text, right_text in cursor.fetchall()
        ]  # fmt: skip


def due_builds() -> list[int]:
    """Return the ids of sealed releases whose edition was asked for and is not there yet, oldest first."""
    open_jobs = JobRun.objects.filter(kind=BUILD_KIND, state__in=[JobState.DUE, JobState.RUNNING])
    waiting = {subject.rpartition(":")[2] for subject in open_jobs.values_list("subject", flat=True)}
    return list(
        Release.objects.filter(state=ReleaseState.SEALED, pk__in=[int(pk) for pk in waiting])
        .exclude(Exists(Edition.objects.filter(release=OuterRef("pk"))))
        .order_by("sealed_at", "pk")
        .values_list("pk", flat=True)
    )


@contextmanager
def holding_the_build_lock(release_id: int) -> Iterator[bool]:
    """Yield whether this process is the one that builds the edition; the lock falls with the connection."""
    key = [_LOCK_SPACE, release_id % 2**31]
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
    found = Edition.objects.filter(manifest_sha256=sha256).values_list("manifest", flat=True).first()
    return manifest_bytes(found) if found is not None else None
