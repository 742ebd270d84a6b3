"""Comparing founders anew, after the rules of likeness changed: signatures are renewed, likeness is put down."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import NotPermitted
from apps.prompts.domain.similarity import packed
from apps.prompts.models import Cluster, Prompt, PromptBand, PromptSignature, Resemblance
from apps.prompts.queries import screening_rules, signing_of
from apps.prompts.services.cluster_rows import hold_founding, living


@transaction.atomic
def renew_signature(*, actor: Actor, prompt_id: int) -> PromptSignature:
    """Sign a founder by the rules in force, and return its signature; one whose words were erased keeps what it has.

    Raises:
        NotPermitted: when a person, not the platform, asks for it.
    """
    _require_platform(actor)
    hold_founding()
    text = Prompt.objects.values_list("text", flat=True).get(pk=prompt_id)
    signature = PromptSignature.objects.get(prompt_id=prompt_id)
    signing = signing_of(screening_rules())
    if not text or signature.algorithm == signing.algorithm:
        return signature
    values = signing.sign(text)
    signature.algorithm, signature.values = signing.algorithm, packed(values)
    signature.save(update_fields=["algorithm", "values"])
    PromptBand.objects.filter(prompt_id=prompt_id).delete()
    PromptBand.objects.bulk_create(
        PromptBand(prompt_id=prompt_id, band=band, key=key) for band, key in enumerate(signing.band_keys(values))
    )
    return signature


@transaction.atomic
def note_resemblance(
    *, actor: Actor, first: Cluster, second: Cluster, jaccard: float, algorithm: str, now: datetime
) -> Resemblance | None:
    """Put down that two clusters are alike, and return the row with what the wall made of it; None when they are one.

    Raises:
        NotPermitted: when a person, not the platform, asks for it.
    """
    _require_platform(actor)
    hold_founding()
    first, second = living(first.pk), living(second.pk)
    if first == second:
        return None
    found = Resemblance.objects.create(first=first, second=second, jaccard=jaccard, algorithm=algorithm, found_at=now)
    # A trigger had the last word on the outcome.
    found.refresh_from_db(fields=["outcome"])
    return found


def _require_platform(actor: Actor) -> None:
    if not actor.is_system:
        raise NotPermitted(_("Clusters are compared by the platform itself."))
