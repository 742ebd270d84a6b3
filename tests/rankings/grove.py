"""A small arena for ranking tests: 480 votes by 24 people in three countries on three models of known strength."""

import random
import uuid
from typing import Final

import numpy as np

from apps.battles.models import Battle, BattleState, Choice, LanguageModel, Source, Vote
from apps.contributors.models import Contributor, Network
from apps.organizations.models import Organization
from apps.prompts.models import Cluster, Prompt, PromptState
from tests.conftest import NOON

STRENGTHS: Final = {"Alder": 2.0, "Birch": 1.0, "Cedar": 0.0}
VOTERS: Final = 24


def country_of(voter: int) -> str:
    """Twelve live in Brazil, eleven in Portugal and one in Angola."""
    return "AO" if voter == VOTERS - 1 else "BR" if voter < VOTERS // 2 else "PT"


def plant_votes(count: int = 480) -> list[Vote]:
    """Write the people, the models and their votes; the same ones every time but for their ids."""
    rng = random.Random(7)
    network = Network.objects.create(name="A test's network")
    voters = [
        Contributor.objects.create(network=network, standing="active", joined_at=NOON, activated_at=NOON)
        for _ in range(VOTERS)
    ]
    lab = Organization.objects.create(name="Grove", slug="grove", is_lab=True)
    models = {
        name: LanguageModel.objects.create(name=name, slug=name.lower(), organization=lab, added_at=NOON)
        for name in STRENGTHS
    }
    prompt = Prompt.objects.create(
        author=voters[0],
        text="Which tree grows fastest?",
        text_sha256="0" * 64,
        language="en",
        state=PromptState.APPROVED,
        cluster=Cluster.objects.create(founded_at=NOON),
        submission_key=uuid.uuid4(),
        submitted_at=NOON,
        screened_at=NOON,
        decided_at=NOON,
        decided_clause="P1",
    )
    cast = []
    for number in range(count):
        voter = voters[number % VOTERS]
        left, right = rng.sample(sorted(STRENGTHS), 2)
        wins = rng.random() < 1 / (1 + np.exp(STRENGTHS[right] - STRENGTHS[left]))
        battle = Battle.objects.create(
            source=Source.PLATFORM,
            prompt=prompt,
            contributor=voter,
            left_model=models[left],
            right_model=models[right],
            pair_probability=1 / 3,
            language="en",
            state=BattleState.VOTED,
            voted=True,
            opened_at=NOON,
        )
        cast.append(
            Vote.objects.create(
                battle=battle,
                contributor=voter,
                nonce=rng.randbytes(16),
                choice=Choice.LEFT if wins else Choice.RIGHT,
                commitment="0" * 64,
                cast_at=NOON,
                country=country_of(number % VOTERS),
                language="en",
            )
        )
    return cast
