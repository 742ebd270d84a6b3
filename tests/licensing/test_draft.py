"""Drafting: who asks for what, and what cannot be asked."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.accounts.models import User
from apps.audit.domain.refusal import NotPermitted
from apps.licensing.flows import retire_due_clusters, seal
from apps.licensing.models import Release, ReleaseState
from apps.licensing.services import (
    AlreadyALicensee,
    LicenseeSuspended,
    MalformedFilters,
    NothingMatches,
    Sealing,
    add_licensee,
    draft_release,
)
from tests.conftest import NOON
from tests.licensing.test_sell import NIGHT, drafted
from tests.licensing.world import World

pytestmark = pytest.mark.committed


def test_filters_choose_by_language_country_category_model_and_day(world: World, margaret: User) -> None:
    world.sky(days_ago=100)
    day = (timezone.now() - timedelta(days=100)).date()
    for filters in (
        {"languages": ["en"]},
        {"countries": ["BR"], "categories": ["knowledge"]},
        {"models": [world.models[0].slug]},
        {"since": day.isoformat(), "until": day.isoformat()},
    ):
        assert drafted(world, margaret, **filters).asked == 1
    for filters in (
        {"languages": ["pt"]},
        {"countries": ["DE"]},
        {"categories": ["coding"]},
        {"models": ["nobody"]},
        {"since": (day + timedelta(days=1)).isoformat()},
        {"until": (day - timedelta(days=1)).isoformat()},
    ):
        with pytest.raises(NothingMatches):
            drafted(world, margaret, **filters)
    assert Release.objects.count() == 4


MALFORMED: list[dict[str, Any]] = [
    {"language": ["en"]},
    {"languages": "en"},
    {"languages": [1]},
    {"languages": ["en'; DROP TABLE release_item; --"]},
    {"countries": ["Brazil"]},
    {"since": "yesterday"},
    {"since": 5},
    {"since": "2026-09-02", "until": "2026-09-01"},
    {"models": ["m" * 130]},
    {"languages": [f"a{chr(97 + a)}{chr(97 + b)}" for a in range(15) for b in range(15)]},
]


def test_malformed_filters_are_refused_by_name(world: World, margaret: User) -> None:
    world.sky()
    for filters in MALFORMED:
        with pytest.raises(MalformedFilters):
            drafted(world, margaret, **filters)


def test_a_title_is_one_readable_line(world: World, margaret: User) -> None:
    world.sky()
    for title in ("", "   ", "a" * 121, "a\x00b", "a\u202eb"):
        with pytest.raises(MalformedFilters):
            draft_release(actor=margaret.as_actor(), licensee=world.licensee, title=title, filters={}, now=NOON)


def test_a_suspended_licensee_gets_no_draft_and_no_seal(world: World, margaret: User) -> None:
    world.sky()
    retire_due_clusters(actor=NIGHT)
    release = drafted(world, margaret)
    type(world.licensee).objects.update(suspended_at=timezone.now())
    with pytest.raises(LicenseeSuspended):
        drafted(world, margaret)
    with pytest.raises(LicenseeSuspended):
        seal(actor=margaret.as_actor(), release_id=release.pk, mode=Sealing.ALL_OR_NOTHING)
    release.refresh_from_db()
    assert release.state == ReleaseState.DRAFT


def test_a_licensee_is_added_once_by_an_officer(world: World, margaret: User, ada: User, ingrid: User) -> None:
    def add(officer: User, contact: User) -> None:
        add_licensee(
            actor=officer.as_actor(),
            organization=world.licensee.organization,
            contact=contact,
            purpose="Research",
            agreement="words",
            now=NOON,
        )

    with pytest.raises(AlreadyALicensee):
        add(margaret, ingrid)
    with pytest.raises(NotPermitted):
        add(ada, ingrid)
    # Whoever speaks for a licensee needs the role first.
    with pytest.raises(NotPermitted):
        add(margaret, ada)
