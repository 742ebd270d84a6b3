"""What a person makes of a finding: votes left out, votes left alone, votes given back."""

from datetime import timedelta

import pytest

from apps.accounts.models import User
from apps.audit.domain.refusal import NotPermitted
from apps.battles.models import Vote
from apps.contributors.models import Contributor, Network, Standing
from apps.integrity.events import IntegrityEvent
from apps.integrity.models import Exclusion, Finding, FindingState
from apps.integrity.services import (
    AlreadyRestored,
    FindingClosed,
    dismiss_finding,
    restore_after_appeal,
    uphold_finding,
)
from tests.conftest import NOON
from tests.integrity.electorate import as_contributor, cast_votes, neighbours
from tests.trails import facts_about, trail_of

LATER = NOON + timedelta(hours=1)

pytestmark = pytest.mark.django_db


def found(contributor: Contributor, *, test: str = "likelihood") -> Finding:
    return Finding.objects.create(
        contributor=contributor, test=test, statistic=-6.1, p_value=1e-9, votes=60, evidence={}, found_at=NOON
    )


@pytest.fixture
def finding(mallory: User) -> Finding:
    cast_votes([as_contributor(mallory), *neighbours(2)], 30)
    return found(as_contributor(mallory))


def test_grace_leaves_the_votes_out_and_the_ledger_has_a_line(finding: Finding, mallory: User, grace: User) -> None:
    exclusion = uphold_finding(actor=grace.as_actor(), finding=finding, clause="I1", now=LATER)
    finding.refresh_from_db()
    assert finding.state == FindingState.UPHELD
    assert (exclusion.votes, exclusion.clause, exclusion.decided_by) == (30, "I1", grace.pseudonym)
    assert Vote.objects.of(as_contributor(mallory)).counted().count() == 0
    assert Vote.objects.counted().count() == 60
    assert trail_of(finding) == [IntegrityEvent.UPHELD]
    assert facts_about(finding) == {"votes": 30, "exclusion": exclusion.ref}


def test_a_dismissed_finding_changes_no_vote(finding: Finding, grace: User) -> None:
    dismiss_finding(actor=grace.as_actor(), finding=finding, clause="I1", now=LATER)
    finding.refresh_from_db()
    assert finding.state == FindingState.DISMISSED
    assert Vote.objects.excluded().count() == 0
    assert trail_of(finding) == [IntegrityEvent.DISMISSED]


def test_an_overturned_exclusion_gives_every_vote_back(finding: Finding, grace: User, alan: User) -> None:
    exclusion = uphold_finding(actor=grace.as_actor(), finding=finding, clause="I1", now=LATER)
    restored = restore_after_appeal(actor=alan.as_actor(), exclusion=exclusion, now=LATER + timedelta(days=2))
    finding.refresh_from_db()
    assert restored.restored_at == LATER + timedelta(days=2)
    assert finding.state == FindingState.DISMISSED
    assert Vote.objects.excluded().count() == 0
    assert trail_of(exclusion) == [IntegrityEvent.RESTORED]
    with pytest.raises(AlreadyRestored):
        restore_after_appeal(actor=alan.as_actor(), exclusion=exclusion, now=LATER + timedelta(days=3))


def test_a_second_finding_makes_the_open_line_longer(finding: Finding, mallory: User, grace: User) -> None:
    uphold_finding(actor=grace.as_actor(), finding=finding, clause="I1", now=LATER)
    cast_votes([as_contributor(mallory)], 12, seed=9)
    second = found(as_contributor(mallory), test="position")
    uphold_finding(actor=grace.as_actor(), finding=second, clause="I1", now=LATER)
    assert Exclusion.objects.get().votes == 42
    assert Vote.objects.of(as_contributor(mallory)).counted().count() == 0


def test_a_finding_is_decided_once(finding: Finding, grace: User, alan: User) -> None:
    dismiss_finding(actor=grace.as_actor(), finding=finding, clause="I1", now=LATER)
    with pytest.raises(FindingClosed):
        uphold_finding(actor=alan.as_actor(), finding=finding, clause="I1", now=LATER)
    assert Vote.objects.excluded().count() == 0


def test_only_a_person_who_moderates_decides(finding: Finding, mallory: User, radia: User) -> None:
    from apps.audit.domain.actor import Actor

    for actor in (mallory.as_actor(), radia.as_actor(), Actor.system("integrity.nightly")):
        with pytest.raises(NotPermitted):
            uphold_finding(actor=actor, finding=finding, clause="I1", now=LATER)
        with pytest.raises(NotPermitted):
            dismiss_finding(actor=actor, finding=finding, clause="I1", now=LATER)


def test_a_moderator_does_not_decide_about_their_own_votes(grace: User, alan: User) -> None:
    network, _made = Network.objects.get_or_create(name="Everyone")
    own = Contributor.objects.create(
        account=grace, network=network, standing=Standing.ACTIVE, joined_at=NOON, activated_at=NOON
    )
    cast_votes([own], 5)
    finding = found(own)
    with pytest.raises(NotPermitted):
        dismiss_finding(actor=grace.as_actor(), finding=finding, clause="I1", now=LATER)
    exclusion = uphold_finding(actor=alan.as_actor(), finding=finding, clause="I1", now=LATER)
    with pytest.raises(NotPermitted):
        restore_after_appeal(actor=grace.as_actor(), exclusion=exclusion, now=LATER)


def test_an_open_finding_is_unique_for_a_test(finding: Finding) -> None:
    from django.db import IntegrityError, transaction

    with pytest.raises(IntegrityError, match="one_open_finding"), transaction.atomic():
        found(finding.contributor)
