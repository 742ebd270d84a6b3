"""Drafting as a person asks for it: attempted, then done or refused, each written down."""

from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from apps.audit.domain.actor import Actor
from apps.licensing.domain.filters import ReleaseFilters
from apps.licensing.flows.attempting import Clock, closing
from apps.licensing.models import Licensee, Release
from apps.licensing.services import attempt_drafting, attempt_drafting_request, draft_from_request, draft_release


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


def draft_requested(*, actor: Actor, request_id: int, clock: Clock = timezone.now) -> Release:
    """Draft what a request asks for. Raises as ``draft_from_request`` does."""
    attempt = attempt_drafting_request(actor=actor, request_id=request_id, now=clock())
    with closing(attempt, actor=actor, clock=clock):
        return draft_from_request(actor=actor, request_id=request_id, now=clock(), attempt_id=attempt.pk)
