"""The words of a further turn: read as a prompt's are, and placed among the clusters."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from apps.audit.domain.actor import Actor
from apps.contributors.models import Contributor
from apps.contributors.queries import contributor_of, profile_of
from apps.prompts.domain.language import ABSTAINED
from apps.prompts.domain.normalisation import canonical_hash
from apps.prompts.domain.screening import findings_in, is_below_cluster_length
from apps.prompts.domain.similarity import packed
from apps.prompts.models import Cluster, TurnFounder, TurnFounderBand
from apps.prompts.queries import screening_rules
from apps.prompts.services.cluster_rows import Words, place_words
from apps.prompts.services.submitting import fit_text


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedWords:
    """Words as they are stored, where they live, and whether screening found nothing for a person to look at."""

    text: str
    sha256: str
    cluster: Cluster | None
    is_clean: bool


@transaction.atomic
def place_turn(*, actor: Actor, text: str, language: str, now: datetime) -> PlacedWords:
    """Read a contributor's further words and find their cluster; ``language`` is the battle's.

    The caller writes the turn in the same transaction, and locks nothing before.

    Raises:
        NotAContributor: when the actor may not take part.
        NothingWritten, TooLong: with the number of characters that clause P6 wants.
    """
    author: Contributor = contributor_of(actor)
    stored = fit_text(text, is_turn=True)
    rules = screening_rules()
    findings = findings_in(
        stored,
        declared=language,
        detection=ABSTAINED,
        is_translation=False,
        country=profile_of(author).country,
        rules=rules,
    )
    digest = canonical_hash(stored)
    cluster = None
    if not is_below_cluster_length(stored, rules):
        place = place_words(Words(text=stored, sha256=digest), rules, now=now)
        cluster = place.cluster
        if place.is_founder:
            founder = TurnFounder.objects.create(
                cluster=place.signed_in,
                algorithm=place.signature.algorithm,
                values=packed(place.signature.values),
            )
            TurnFounderBand.objects.bulk_create(
                TurnFounderBand(founder=founder, band=band, key=key)
                for band, key in enumerate(place.signature.band_keys)
            )
    return PlacedWords(
        text=stored,
        sha256=digest,
        cluster=cluster,
        is_clean=not any(finding.needs_review for finding in findings),
    )
