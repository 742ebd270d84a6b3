"""Drafting as a person asks for it: attempted, then done or refused, each written down."""

from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from apps.audit.domain.actor import Actor
from apps.licensing.domain.filters import ReleaseFilters
from apps.licensing.flows.attempting import Clock, closing
from apps.licensing.models import Licensee, Release
from apps.licensing.services import attempt_drafting, draft_release


def draft(
    *,
    actor: Actor,
    licensee: Licensee,
    title: str,
    filters: ReleaseFilters | Mapping[str, Any],
    clock: Clock = timezone.now,
) -> Release:
    """Draft a release. Raises as ``draft_release`` does."""
    attempt = attempt_drafting(actor=actor, licensee_id=licensee.pk, now=clock())
    with closing(attempt, actor=actor, clock=clock):
        return draft_release(
            actor=actor, licensee=licensee, title=title, filters=filters, now=clock(), attempt_id=attempt.pk
        )
