"""Everything that writes about the integrity of votes: a look at everybody, and what a person makes of a finding."""

import hashlib
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
from django.db import transaction
from django.utils.translation import gettext as _

from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import NotPermitted, Refused
from apps.audit.services import record
from apps.battles.services import exclude_votes, restore_votes
from apps.contributors.models import Contributor
from apps.integrity.domain.sweep import Flagged, SweepResult, sweep_voters
from apps.integrity.events import IntegrityEvent
from apps.integrity.models import Exclusion, Finding, FindingState, Sweep
from apps.integrity.permissions import may_decide_about, may_test_voters
from apps.integrity.queries import votes_to_test, wait_for_other_sweeps
from apps.policy.queries import clause as clause_in_force

_CLAUSE = "I1"


class FindingClosed(Refused):
    """A person has already decided what this finding means."""


class AlreadyRestored(Refused):
    """These votes count again."""


@transaction.atomic
def test_voters(*, actor: Actor, now: datetime) -> Sweep:
    """Test everybody's counted votes, and put down a finding about each voter who stands out.

    Nothing happens to a vote: a finding asks a person. Somebody about whom a finding is still open gets no second one.

    Raises:
        NotPermitted: when the actor may not test voters.
    """
    _require_tester(actor)
    wait_for_other_sweeps()
    return _sweep(actor, now, night=None)


@transaction.atomic
def test_voters_tonight(*, actor: Actor, now: datetime) -> Sweep:
    """Test everybody's votes once a night (the date in UTC); asked again, return what the night has found.

    Raises:
        NotPermitted: when the actor may not test voters.
    """
    _require_tester(actor)
    night = now.astimezone(UTC).date()
    done = Sweep.objects.filter(night=night).first()
    if done is None:
        wait_for_other_sweeps()
        # Another process may have done it while this one waited.
        done = Sweep.objects.filter(night=night).first()
    return done or _sweep(actor, now, night=night)


def _require_tester(actor: Actor) -> None:
    if not may_test_voters(actor):
        raise NotPermitted(_("Voters are tested by the platform itself, or by a network administrator."))


def _sweep(actor: Actor, now: datetime, *, night: date | None) -> Sweep:
    rule = clause_in_force(_CLAUSE)
    rules = rule.parameters
    alpha, min_votes, draws = float(rules["alpha"]), int(rules["min_votes"]), int(rules["draws"])
    seed = _seed(now)
    given = votes_to_test(until=now)
    result = sweep_voters(
        given.votes,
        fresh=given.fresh,
        alpha=alpha,
        min_votes=min_votes,
        draws=draws,
        rng=np.random.default_rng(seed),
    )
    sweep = Sweep(
        night=night,
        swept_at=now,
        policy_version=rule.version,
        alpha=alpha,
        min_votes=min_votes,
        draws=draws,
        seed=seed,
        voters=result.tested,
        votes=result.votes,
        flagged=len(result.flagged),
        findings=0,
        aside=result.aside,
        position=result.position,
        taste=dict(result.taste),
        threshold=result.threshold,
    )
    waiting = set(Finding.objects.filter(state=FindingState.OPEN).values_list("contributor_id", flat=True))
    found = [
        _put_down(actor, flagged, given.contributor_ids[flagged.voter], result, alpha, now)
        for flagged in result.flagged
        if given.contributor_ids[flagged.voter] not in waiting
    ]
    sweep.findings = len(found)
    sweep.save()
    record(
        IntegrityEvent.VOTERS_TESTED,
        actor=actor,
        subject=sweep.ref,
        at=now,
        clause=_CLAUSE,
        facts={
            "night": night.isoformat() if night else "",
            "voters": sweep.voters,
            "votes": sweep.votes,
            "flagged": sweep.flagged,
            "findings": sweep.findings,
            "alpha": alpha,
            "seed": str(seed),
            "policy_version": rule.version,
        },
    )
    return sweep


def _seed(now: datetime) -> int:
    """Return the seed of a look's draws, which follows from its moment: anybody can repeat them."""
    return int.from_bytes(hashlib.sha256(f"integrity.sweep {now.isoformat()}".encode()).digest()[:6])


def _put_down(
    actor: Actor, flagged: Flagged, contributor_id: int, result: SweepResult, alpha: float, now: datetime
) -> Finding:
    strongest = flagged.strongest
    evidence: dict[str, Any] = {
        "side": strongest.side.value,
        "tests": [
            {
                "test": line.test.value,
                "votes": line.votes,
                "seen": line.seen,
                "expected": round(line.expected, 1),
                "side": line.side.value,
                "statistic": round(line.statistic, 2),
            }
            for line in flagged.tests
        ],
        "voters_tested": result.tested,
        "alpha": alpha,
        "threshold": result.threshold,
    }
    finding = Finding.objects.create(
        contributor_id=contributor_id,
        test=strongest.test.value,
        statistic=strongest.statistic,
        p_value=flagged.p_value,
        votes=strongest.votes,
        evidence=evidence,
        found_at=now,
    )
    record(
        IntegrityEvent.FOUND,
        actor=actor,
        subject=finding.ref,
        at=now,
        clause=_CLAUSE,
        # How unlikely and which way would say how the person voted; both stay with the finding.
        facts={"test": finding.test, "votes": finding.votes},
    )
    return finding


@transaction.atomic
def uphold_finding(*, actor: Actor, finding: Finding, clause: str, now: datetime) -> Exclusion:
    """Decide that a finding is right: every vote of the contributor that counts now is left out.

    A contributor has one open line in the ledger; a second finding that is upheld makes it longer.

    Raises:
        NotPermitted: when the actor is no moderator, or the finding is about them.
        FindingClosed: when it was decided before.
    """
    finding = _locked_open(actor, finding)
    votes = exclude_votes(actor=actor, contributor=finding.contributor, clause=clause, now=now)
    exclusion = Exclusion.objects.select_for_update().filter(contributor=finding.contributor, restored_at=None).first()
    if exclusion is None:
        exclusion = Exclusion(
            contributor=finding.contributor,
            finding=finding,
            clause=clause,
            votes=0,
            decided_by=actor.pseudonym,
            excluded_at=now,
        )
    exclusion.votes += votes
    exclusion.save()
    _close(finding, FindingState.UPHELD)
    record(
        IntegrityEvent.UPHELD,
        actor=actor,
        subject=finding.ref,
        at=now,
        clause=clause,
        facts={"votes": votes, "exclusion": exclusion.ref},
    )
    return exclusion


@transaction.atomic
def dismiss_finding(*, actor: Actor, finding: Finding, clause: str, now: datetime) -> Finding:
    """Decide that a finding means nothing: the votes count on, and these are not held against anybody again.

    Raises:
        NotPermitted: when the actor is no moderator, or the finding is about them.
        FindingClosed: when it was decided before.
    """
    finding = _locked_open(actor, finding)
    _close(finding, FindingState.DISMISSED)
    record(IntegrityEvent.DISMISSED, actor=actor, subject=finding.ref, at=now, clause=clause)
    return finding


@transaction.atomic
def restore_after_appeal(*, actor: Actor, exclusion: Exclusion, now: datetime) -> Exclusion:
    """Undo an exclusion: every vote of the contributor counts again, and the finding behind it is dismissed.

    Raises:
        NotPermitted: when the actor is no moderator, or the votes are their own.
        AlreadyRestored: the second time.
    """
    exclusion = Exclusion.objects.select_for_update(of=("self",)).select_related("contributor").get(pk=exclusion.pk)
    _require(actor, exclusion.contributor, exclusion.ref)
    if exclusion.restored_at is not None:
        raise AlreadyRestored(_("These votes count again."), subject=exclusion.ref)
    upheld = Finding.objects.filter(contributor=exclusion.contributor, state=FindingState.UPHELD)
    findings = list(upheld.select_for_update().order_by("pk"))
    votes = restore_votes(actor=actor, contributor=exclusion.contributor, now=now)
    exclusion.restored_at = now
    exclusion.save(update_fields=["restored_at"])
    for finding in findings:
        _close(finding, FindingState.DISMISSED)
    record(
        IntegrityEvent.RESTORED,
        actor=actor,
        subject=exclusion.ref,
        at=now,
        clause=exclusion.clause,
        facts={"votes": votes, "findings": [finding.ref for finding in findings]},
    )
    return exclusion


def _require(actor: Actor, contributor: Contributor, subject: str) -> None:
    if not may_decide_about(actor, contributor):
        raise NotPermitted(_("Moderators decide on findings, and nobody on one about themselves."), subject=subject)


def _locked_open(actor: Actor, finding: Finding) -> Finding:
    rows = Finding.objects.select_for_update(of=("self",)).select_related("contributor")
    finding = rows.get(pk=finding.pk)
    _require(actor, finding.contributor, finding.ref)
    if finding.state != FindingState.OPEN:
        raise FindingClosed(_("Somebody has already decided on this finding."), subject=finding.ref)
    return finding


def _close(finding: Finding, state: FindingState) -> None:
    finding.state = state
    finding.save(update_fields=["state"])
