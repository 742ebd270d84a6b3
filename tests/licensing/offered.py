"""A sealed release on its way: editions that are there, approvals by those who may, and a lock that is over."""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.audit.domain.actor import Actor
from apps.licensing.flows import approve, draft, retire_due_clusters, seal
from apps.licensing.models import Edition, EditionRevision, Licensee, Offer, Release
from apps.licensing.services import Sealing, Signatory, add_licensee, declare_recipient, offer_is_built
from apps.organizations.models import Organization
from apps.organizations.services import register_organization
from tests.conftest import NOON
from tests.licensing.world import SYSTEM, World

NIGHT = Actor.system("licensing.retire_due")
BUILDER = Actor.system("licensing.sweep")


def proved(person: User, *, at: datetime | None = None) -> Actor:
    """Somebody who has just proved who they are."""
    return person.as_actor(reauthenticated_at=at or timezone.now())


def sealed_release(world: World, margaret: User, *, battles: int = 3, days_ago: float = 100) -> Release:
    """Draft and seal a release of some battles."""
    world.sky(battles=battles, days_ago=days_ago)
    retire_due_clusters(actor=NIGHT)
    release = draft(actor=margaret.as_actor(), licensee=world.licensee, title="The sky", filters={})
    return seal(actor=margaret.as_actor(), release_id=release.pk, mode=Sealing.PAST_THE_WALL)


@transaction.atomic
def with_editions(offer: Offer) -> Offer:
    """Put down an edition for everybody who gets one, as the builder confirms it, and let approvals begin."""
    for recipient in offer.recipients.order_by("pk"):
        ordinal = Edition.objects.filter(licensee=recipient.licensee).count()
        told = hashlib.sha256(f"{offer.pk}/{recipient.licensee_id}".encode()).hexdigest()
        edition = Edition.objects.create(
            release=offer.release,
            offer=offer,
            licensee=recipient.licensee,
            ordinal=ordinal,
            manifest={
                "files": [],
                "columns": [],
                "contributors": {"k": 10, "people_held_back": 0},
                "edition": {"editions_before": ordinal, "revision": 0},
                "gone": {"held_back": [], "withdrawn": []},
                "rows": offer.release.items,
            },
            manifest_sha256=told,
            path=f"offer-{offer.pk}-{recipient.licensee_id}",
            rows=offer.release.items,
            built_at=timezone.now(),
        )
        kept_as(edition)
    return offer_is_built(actor=BUILDER, offer_id=offer.pk, now=timezone.now())


def awaiting(world: World, margaret: User, **more: float) -> Offer:
    """An offer that waits for its two approvals."""
    release = sealed_release(world, margaret, **more)  # type: ignore[arg-type]
    return with_editions(release.offers.get())


def kept_as(edition: Edition) -> EditionRevision:
    """Keep what an edition is now under its number, as the builder does."""
    return EditionRevision.objects.create(
        edition=edition,
        number=edition.revision,
        manifest=edition.manifest,
        manifest_sha256=edition.manifest_sha256,
        rows=edition.rows,
        built_at=edition.built_at,
    )


@transaction.atomic
def next_revision(edition: Edition, *, withdrawn: Sequence[str] = (), **changes: Any) -> Edition:
    """Exchange an edition for its next revision without some rows; ``changes`` are fields that a test makes wrong."""
    told = hashlib.sha256(f"{edition.pk}, revision {edition.revision + 1}".encode()).hexdigest()
    approved = EditionRevision.objects.get(edition=edition, number=0).manifest_sha256
    rows = changes.get("rows", edition.rows - len(withdrawn))
    manifest = {
        **edition.manifest,
        "edition": {
            "editions_before": edition.ordinal,
            "revision": edition.revision + 1,
            "supersedes": {"approved": approved, "predecessor": edition.manifest_sha256},
        },
        "gone": {**edition.manifest["gone"], "withdrawn": [*edition.manifest["gone"]["withdrawn"], *withdrawn]},
        "rows": rows,
    }
    values = {
        "revision": edition.revision + 1,
        "manifest": manifest,
        "manifest_sha256": told,
        "rows": rows,
        "built_at": timezone.now(),
        **changes,
    }
    for name, value in values.items():
        setattr(edition, name, value)
    edition.save(update_fields=[*values])
    kept_as(edition)
    return edition


def announced(world: World, margaret: User, katherine: User, dorothy: User, **more: float) -> Offer:
    """An offer that two people approved."""
    offer = awaiting(world, margaret, **more)
    for person in (katherine, dorothy):
        offer = approve(actor=proved(person), offer_id=offer.pk, digest=offer.digest)
    return offer


def when_the_lock_is_over(world: World, offer: Offer, *, by: timedelta = timedelta(hours=1)) -> None:
    """Move the notice into the past, as nobody but the owner of the database can."""
    world.owner.execute(
        "UPDATE licensing_offer SET announced_at = announced_at - moved, opens_at = opens_at - moved"
        " FROM (SELECT (opens_at - clock_timestamp() + %s) AS moved FROM licensing_offer WHERE id = %s) AS so"
        " WHERE id = %s",
        [by, offer.pk, offer.pk],
    )


def another_licensee(margaret: User, name: str, contact: User | None) -> Licensee:
    """A second organization with an agreement."""
    organization = Organization.objects.filter(name=name).first() or register_organization(
        actor=SYSTEM, name=name, country="DE", is_lab=False, now=NOON
    )
    licensee = add_licensee(
        actor=margaret.as_actor(),
        organization=organization,
        contact=contact,
        purpose="Reports",
        agreement="They may read it.",
        signatory=Signatory("Jo Marsh", "Editor"),
        now=NOON,
    )
    declare_recipient(actor=margaret.as_actor(), licensee_id=licensee.pk, organization=organization, now=NOON)
    return licensee


def under_new_rules(world: World, number: str, **parameters: int) -> None:
    """Put a second version of the rulebook in force, of one clause with other numbers."""
    world.owner.execute(
        "INSERT INTO policy_policyversion (number, effective_at, summary)"
        " SELECT max(number) + 1, clock_timestamp() - interval '1 minute', 'Tightened' FROM policy_policyversion"
    )
    newest = world.value("SELECT max(id) FROM policy_policyversion")
    world.owner.execute(
        "INSERT INTO policy_clause (version_id, number, title, text, parameters)"
        " SELECT %s, number, title, text, CASE WHEN number = %s THEN %s::jsonb ELSE parameters END"
        " FROM policy_clause WHERE version_id = (SELECT max(id) FROM policy_policyversion WHERE id < %s)",
        [newest, number, json.dumps(parameters), newest],
    )
    world.owner.execute(
        "INSERT INTO policy_clause (version_id, number, title, text, parameters)"
        " VALUES (%s, %s, 'New', 'New', %s::jsonb) ON CONFLICT DO NOTHING",
        [newest, number, json.dumps(parameters)],
    )
