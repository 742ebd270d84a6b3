"""Where words belong among the clusters: written inside the transaction of whoever screens them."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import connection

from apps.prompts.domain.findings import Rules
from apps.prompts.domain.similarity import Match, Values
from apps.prompts.models import Cluster, Prompt, Resemblance
from apps.prompts.queries import founders_near, is_closed, signing_of, twins_of

# One number for one lock in the whole database: whoever founds, joins or compares clusters holds it until the end.
_FOUNDING_LOCK: Final = int.from_bytes(hashlib.blake2b(b"prompts.founding", digest_size=8).digest(), signed=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A text with the digest of its compared form; ``prompt`` is None for a further turn of a battle."""

    text: str
    sha256: str
    prompt: Prompt | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """A text's signature, under the algorithm of the rules in force."""

    algorithm: str
    values: Values
    band_keys: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where words belong.

    ``cluster`` is the one in which they live; ``signed_in`` is the one that they founded or joined, which the first may
    have been merged from. ``also_near`` are other clusters whose founders they resemble: by now they are one with it,
    or, when one of the two was sold, tied to it by an edge.
    """

    cluster: Cluster
    signed_in: Cluster
    is_founder: bool
    signature: Signature
    twins: Sequence[Prompt] = ()
    resemblance: float | None = None
    also_near: Sequence[Cluster] = ()


def hold_founding() -> None:
    """Let nobody else found, join or compare clusters until this transaction ends.

    Two near-identical texts placed at once would both see no founder. The lock makes the second one wait until the
    first is committed, and READ COMMITTED shows it what the first has founded. It comes before every lock on a cluster.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_FOUNDING_LOCK])


def place_words(words: Words, rules: Rules, *, now: datetime) -> Place:
    """Return the place of words that are long enough, founding a cluster if need be.

    They join the cluster of the same words, or of the nearest founder that was not sold. A text that is near to several
    founders shows that their clusters are one; what was sold is not merged, and gets an edge instead.
    """
    signing = signing_of(rules)
    values = signing.sign(words.text)
    signature = Signature(algorithm=signing.algorithm, values=values, band_keys=signing.band_keys(values))
    hold_founding()
    twins = twins_of(words.sha256, but=words.prompt.pk if words.prompt else None)
    near = founders_near(words.text, rules)
    open_ones = [match for match in near if not is_closed(living(match.founder.cluster_id).pk)]
    resemblance = None
    if twins:
        home = living(twins[0].cluster_id or 0)
    elif open_ones:
        home, resemblance = living(open_ones[0].founder.cluster_id), open_ones[0].resemblance
    else:
        home = Cluster.objects.create(founded_at=now)
        resemblance = near[0].resemblance if near else None
    also_near = bring_together(home, near, algorithm=signing.algorithm, now=now)
    return Place(
        cluster=living(home.pk),
        signed_in=home,
        is_founder=not twins and not open_ones,
        signature=signature,
        twins=twins,
        resemblance=resemblance,
        also_near=also_near,
    )


def bring_together(home: Cluster, near: Sequence[Match], *, algorithm: str, now: datetime) -> list[Cluster]:
    """Put down that a cluster and others are alike; a trigger of the wall merges them, or makes the edge.

    Returns the others. The likeness of two that a text ties together is the lesser of its own to each.
    """
    others: dict[int, float] = {}
    for match in near:
        other = living(match.founder.cluster_id)
        if other.pk != home.pk:
            others.setdefault(other.pk, match.resemblance)
    for other_id, likeness in others.items():
        Resemblance.objects.create(first=home, second_id=other_id, jaccard=likeness, algorithm=algorithm, found_at=now)
    return list(Cluster.objects.filter(pk__in=others).order_by("pk"))


def living(cluster_id: int) -> Cluster:
    """Return a cluster, or the one that it was merged into at last."""
    cluster = Cluster.objects.get(pk=cluster_id)
    while cluster.merged_into_id is not None:
        cluster = Cluster.objects.get(pk=cluster.merged_into_id)
    return cluster
