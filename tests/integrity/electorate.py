"""A whole electorate in the database: contributors of known habits and the votes they cast, put there in bulk."""

import uuid
from datetime import datetime, timedelta

import numpy as np

from apps.accounts.models import User
from apps.battles.models import Battle, BattleState, Choice, LanguageModel, Source, Vote
from apps.contributors.models import Contributor, Network, Standing
from apps.organizations.models import Organization
from apps.prompts.models import Cluster, Prompt, PromptState
from apps.rankings.domain.votes import Outcome
from tests.conftest import NOON
from tests.integrity.domain.worlds import MODELS, Habit, columns, honestly

STRENGTHS = np.linspace(-1.5, 1.5, MODELS)
CHOICES = {
    Outcome.A: Choice.LEFT,
    Outcome.B: Choice.RIGHT,
    Outcome.BOTH_GOOD: Choice.BOTH_GOOD,
    Outcome.BOTH_BAD: Choice.BOTH_BAD,
}


def language_models() -> list[LanguageModel]:
    """Return the models of the electorate's board, made on first use."""
    found = list(LanguageModel.objects.filter(organization__slug="grove").order_by("pk"))
    if found:
        return found
    lab = Organization.objects.create(name="Grove", slug="grove", is_lab=True)
    return [
        LanguageModel.objects.create(name=f"Tree {n:02}", slug=f"tree-{n:02}", organization=lab, added_at=NOON)
        for n in range(MODELS)
    ]


def neighbours(number: int) -> list[Contributor]:
    """Make contributors without accounts of their own."""
    network, _made = Network.objects.get_or_create(name="Everyone")
    return Contributor.objects.bulk_create(
        Contributor(network=network, standing=Standing.ACTIVE, joined_at=NOON, activated_at=NOON) for _ in range(number)
    )


def asked_by(author: Contributor, *, state: PromptState = PromptState.APPROVED) -> Prompt:
    """Put a prompt into the pool."""
    return Prompt.objects.create(
        author=author,
        text="Which tree grows fastest?",
        text_sha256=uuid.uuid4().hex * 2,
        language="en",
        state=state,
        cluster=Cluster.objects.create(founded_at=NOON),
        submission_key=uuid.uuid4(),
        submitted_at=NOON,
        screened_at=NOON,
        decided_at=NOON,
        # Not P1: a sweep of moderation would write down what the rule decided, and read it afterwards.
        decided_clause="M1",
    )


def cast_votes(
    people: list[Contributor],
    each: int,
    *,
    habit: Habit = honestly,
    seed: int = 1,
    at: datetime = NOON - timedelta(days=1),
) -> list[Vote]:
    """Let people vote by one habit on battles between any two models."""
    models = language_models()
    prompt = Prompt.objects.filter(state=PromptState.APPROVED).first() or asked_by(people[0])
    left, right, said, who = columns(
        np.random.default_rng(seed), voters=len(people), votes_each=each, strengths=STRENGTHS, habit=habit
    )
    battles = Battle.objects.bulk_create(
        Battle(
            source=Source.PLATFORM,
            prompt=prompt,
            contributor=people[voter],
            left_model=models[a],
            right_model=models[b],
            language="en",
            state=BattleState.VOTED,
            voted=True,
            opened_at=at,
        )
        for a, b, voter in zip(left, right, who, strict=True)
    )
    return Vote.objects.bulk_create(
        Vote(
            battle=battle,
            contributor=battle.contributor,
            nonce=b"n" * 16,
            choice=CHOICES[Outcome(int(outcome))],
            commitment="0" * 64,
            cast_at=at,
            language="en",
        )
        for battle, outcome in zip(battles, said, strict=True)
    )


def as_contributor(user: User) -> Contributor:
    """Return the contributor behind one of the cast."""
    return Contributor.objects.get(account=user)
