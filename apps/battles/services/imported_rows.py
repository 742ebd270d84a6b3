"""What a batch of imported votes brings along: models and their maker, a network, and pseudonymous voters.

The maker, the network and each model get entries of their own, once. Voters are counted in the batch's entry, with a
digest over their names: a file has thousands, and none of them acts here.
"""

import hashlib
import uuid
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Final

from django.utils.text import slugify

from apps.audit.domain.actor import Actor
from apps.audit.services import record
from apps.battles.events import BattleEvent
from apps.battles.models import ImportedDataset, LanguageModel
from apps.contributors.models import Contributor, Network, Standing
from apps.contributors.services import NetworkNameTaken, add_network
from apps.organizations.models import Organization
from apps.organizations.services import AlreadyRegistered, register_organization

NETWORK: Final = "Imported votes"
MAKER: Final = "Makers named in imported files"
_LONGEST_NAME: Final = 120


def models_named(
    names: Iterable[str], *, dataset: ImportedDataset, actor: Actor, now: datetime
) -> dict[str, LanguageModel]:
    """Find or make the models of a batch; a file's model is never one of the platform's, whatever its name."""
    maker = _maker(actor, now)
    return {name: _model(name, maker, dataset=dataset, actor=actor, now=now) for name in sorted(set(names))}


def _model(name: str, maker: Organization, *, dataset: ImportedDataset, actor: Actor, now: datetime) -> LanguageModel:
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    slug = f"{slugify(name)[:80] or 'model'}-{digest}-imported"
    if (known := LanguageModel.objects.filter(slug=slug).first()) is not None:
        return known
    candidates = (name[:_LONGEST_NAME], f"{name[:100]} (imported)", f"{name[:100]} ({digest})")
    taken = set(LanguageModel.objects.filter(name__in=candidates).values_list("name", flat=True))
    model = LanguageModel.objects.create(
        name=next(candidate for candidate in candidates if candidate not in taken),
        slug=slug,
        organization=maker,
        is_imported=True,
        added_at=now,
    )
    record(
        BattleEvent.MODEL_IMPORTED,
        actor=actor,
        subject=model.ref,
        at=now,
        facts={"slug": slug, "organization": maker.ref, "dataset": dataset.ref},
    )
    return model


def voters_named(
    voter_ids: Collection[uuid.UUID], *, actor: Actor, now: datetime
) -> tuple[dict[uuid.UUID, Contributor], list[uuid.UUID]]:
    """Find or make the voters of a batch; return all of them by id, and in order the ids of those that are new.

    The caller holds the dataset, whose voters no other batch makes meanwhile.
    """
    network = _network(actor, now)
    known = set(Contributor.objects.filter(voter_id__in=voter_ids).values_list("voter_id", flat=True))
    new = sorted(set(voter_ids) - known)
    Contributor.objects.bulk_create(
        Contributor(network=network, voter_id=voter_id, standing=Standing.LEFT, joined_at=now) for voter_id in new
    )
    return {voter.voter_id: voter for voter in Contributor.objects.filter(voter_id__in=voter_ids)}, new


def _maker(actor: Actor, now: datetime) -> Organization:
    if (known := Organization.objects.filter(name=MAKER).first()) is not None:
        return known
    try:
        return register_organization(actor=actor, name=MAKER, country="", is_lab=True, now=now)
    except AlreadyRegistered:
        # Another import made it a moment ago, and its transaction is over.
        return Organization.objects.get(name=MAKER)


def _network(actor: Actor, now: datetime) -> Network:
    if (known := Network.objects.filter(name=NETWORK).first()) is not None:
        return known
    try:
        return add_network(actor=actor, name=NETWORK, is_imported=True, now=now)
    except NetworkNameTaken:
        return Network.objects.get(name=NETWORK)
