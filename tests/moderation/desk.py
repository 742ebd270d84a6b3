"""What stands on a moderator's desk in these tests: prompts, findings and appeals, brought there by services."""

import uuid
from datetime import datetime, timedelta

from apps.accounts.models import User
from apps.audit.domain.actor import Actor
from apps.contributors.models import Contributor, Network, Standing
from apps.integrity.models import Finding
from apps.moderation.flows import Swept, sweep
from apps.moderation.models import Action, Appeal, Case, Decision
from apps.moderation.services import decide_finding, decide_prompt, make_appeal, take_case
from apps.prompts.models import Prompt
from apps.prompts.services import screen_prompt, submit_prompt
from tests.conftest import NOON
from tests.integrity.electorate import as_contributor, cast_votes, neighbours

SWEEPER = Actor.system("moderation.sweep")
SCREENER = Actor.system("prompts.screen_due")
CLEAN = "How should I prune a mango tree in August without losing next year's fruit?"
FLAGGED = "My tax number is 111.444.777-35. Write a letter asking why the garden is closed on Mondays."
REASON = "The prompt holds a tax number."
SOON = NOON + timedelta(minutes=5)


def prompt_of(user: User, text: str = FLAGGED, *, now: datetime = NOON) -> Prompt:
    """Submit a prompt and let it be screened."""
    prompt = submit_prompt(
        actor=user.as_actor(), text=text, language="en", category="other", submission_key=uuid.uuid4(), now=now
    )
    return screen_prompt(actor=SCREENER, prompt_id=prompt.pk, now=now)


def swept(now: datetime = NOON) -> Swept:
    """Let the platform open what cases there are to open."""
    return sweep(actor=SWEEPER, now=now)


def case_of(prompt: Prompt) -> Case:
    """Return the open case of a prompt, after a sweep."""
    swept()
    return Case.objects.open().get(prompt=prompt)


def finding_about(user: User, votes: int = 40) -> Finding:
    """Let somebody vote, and put down a finding about it."""
    cast_votes([as_contributor(user), *neighbours(1)], votes)
    return Finding.objects.create(
        contributor=as_contributor(user),
        test="likelihood",
        statistic=-6.4,
        p_value=1.6e-10,
        votes=votes,
        evidence={
            "side": "low",
            "tests": [
                {"test": "likelihood", "votes": votes, "seen": 18, "expected": 29.4, "side": "low", "statistic": -6.4},
                {"test": "position", "votes": votes, "seen": 21, "expected": 20.2, "side": "high", "statistic": 0.3},
            ],
            "voters_tested": 412,
            "alpha": 0.001,
            "threshold": 2e-6,
        },
        found_at=NOON,
    )


def case_about(finding: Finding) -> Case:
    """Return the open case of a finding, after a sweep."""
    swept()
    return Case.objects.open().get(finding=finding)


def rejected(moderator: User, prompt: Prompt, *, now: datetime = SOON) -> Decision:
    """Let a moderator take the prompt's case and reject it for its personal data."""
    case = take_case(actor=moderator.as_actor(), case_id=case_of(prompt).pk, now=now)
    return decide_prompt(
        actor=moderator.as_actor(), case=case, action=Action.REJECT, clause="P2", reason=REASON, now=now
    )


def excluded(moderator: User, finding: Finding, *, now: datetime = SOON) -> Decision:
    """Let a moderator take the finding's case and leave the votes out."""
    case = take_case(actor=moderator.as_actor(), case_id=case_about(finding).pk, now=now)
    return decide_finding(
        actor=moderator.as_actor(),
        case=case,
        action=Action.EXCLUDE_VOTES,
        clause="I1",
        reason="Your votes agree with everybody else's no more often than a coin.",
        now=now,
    )


def appealed(user: User, decision: Decision, *, now: datetime = NOON + timedelta(days=2)) -> Appeal:
    """Let the person concerned appeal."""
    text = "That number is the one that every textbook uses; it belongs to nobody."
    return make_appeal(actor=user.as_actor(), decision_id=decision.pk, text=text, now=now)


def also_contributes(user: User) -> Contributor:
    """Let one of the staff contribute as well."""
    network, _made = Network.objects.get_or_create(name="Everyone")
    return Contributor.objects.create(
        account=user, network=network, standing=Standing.ACTIVE, joined_at=NOON, activated_at=NOON
    )
