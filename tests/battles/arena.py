"""The arena for tests: labs, their models, prompts in the pool, and battles brought to any state."""

import random
import uuid
from dataclasses import dataclass, field
from datetime import datetime

from django.utils import timezone

from apps.accounts.domain.roles import Role
from apps.accounts.models import User
from apps.audit.domain.actor import Actor
from apps.battles.domain.answers import WholeAnswer
from apps.battles.models import Battle, Endpoint, LanguageModel, Provider, Side
from apps.battles.services import claim_answers, confirm_answers, open_battle, register_model
from apps.contributors.models import Contributor
from apps.licensing.flows import back_test
from apps.organizations.models import Organization
from apps.organizations.services import register_organization
from apps.policy.domain.changes import ClauseChange, Kind
from apps.policy.queries import clause
from apps.policy.services import adopt_version, propose_version
from apps.prompts.models import Category, Cluster, Prompt, PromptState
from tests.conftest import NOON, make_person

SYSTEM = Actor.system("tests.arena")
PLATFORM = Actor.system("battles.answers")
LEFT_TEXT = "It is **sixty**, since half an hour is thirty minutes."
RIGHT_TEXT = "# Answer\n\n- sixty\n- minutes"


def add_lab(name: str) -> Organization:
    """Put a lab into the register."""
    return register_organization(actor=SYSTEM, name=name, country="NO", is_lab=True, now=NOON)


def add_model(name: str, lab: Organization, *, weight: float = 1.0, base_url: str = "") -> LanguageModel:
    """Register a model: a recorded one, or one behind an address."""
    return register_model(
        actor=SYSTEM,
        name=name,
        organization=lab,
        provider=Provider.OPENAI if base_url else Provider.RECORDED,
        remote_name=name.lower().replace(" ", "-"),
        base_url=base_url,
        weight=weight,
        now=NOON,
    )


def add_prompt(
    author: User,
    text: str = "How many minutes are in an hour?",
    *,
    language: str = "en",
    state: str = "approved",
    is_short: bool = False,
) -> Prompt:
    """Put a prompt into the pool (or elsewhere), with a cluster of its own unless it is short."""
    return Prompt.objects.create(
        author=Contributor.objects.get(account=author),
        text=text,
        # Its own, so that it may have a cluster of its own.
        text_sha256=uuid.uuid4().hex * 2,
        language=language,
        category=Category.KNOWLEDGE,
        state=PromptState(state),
        cluster=None if is_short else Cluster.objects.create(founded_at=NOON),
        below_cluster_length=is_short,
        submission_key=uuid.uuid4(),
        submitted_at=NOON,
        screened_at=NOON,
        decided_at=NOON,
        decided_clause="P1",
    )


@dataclass
class Arena:
    """Three models of two labs, and a prompt of Mallory's."""

    prompt: Prompt
    models: list[LanguageModel]
    rng: random.Random = field(default_factory=lambda: random.Random(7))

    def opened(self, user: User, *, now: datetime = NOON) -> Battle:
        """Open a battle for somebody."""
        return open_battle(actor=user.as_actor(), prompt=self.prompt, opening_key=uuid.uuid4(), now=now, rng=self.rng)

    def asked(self, user: User, *, now: datetime = NOON) -> Battle:
        """Open a battle and claim its answers."""
        return claim_answers(actor=user.as_actor(), battle_id=self.opened(user, now=now).pk, now=now)

    def ready(self, user: User, *, left: str = LEFT_TEXT, right: str = RIGHT_TEXT, now: datetime = NOON) -> Battle:
        """Bring a battle so far that it waits for its vote."""
        return confirm_answers(
            actor=PLATFORM, battle_id=self.asked(user, now=now).pk, answers=both(left, right), now=now
        )

    def answer_over_http(self, base_url: str) -> None:
        """Let every model answer behind one address."""
        Endpoint.objects.update(provider=Provider.OPENAI, base_url=base_url)


def amend(number: str, **parameters: object) -> None:
    """Let two people tighten one clause's numbers, which holds at once."""
    now = timezone.now()
    proposer, second = (
        User.objects.filter(email=f"{name}@demo.example").first() or make_person(name, role)
        for name, role in (("lois", Role.NETWORK_ADMIN), ("erna", Role.APPROVER))
    )
    proposal = propose_version(
        actor=proposer.as_actor(), changes=[ClauseChange.of(clause(number), **parameters)], reason="A test", now=now
    )
    back_test(actor=proposer.as_actor(), proposal=proposal)
    adopted = adopt_version(actor=second.as_actor(reauthenticated_at=now), proposal=proposal, now=now)
    assert adopted.kind == Kind.TIGHTENS, "What loosens waits for thirty days: use tests.policy.history.decree."


def both(left: str = LEFT_TEXT, right: str = RIGHT_TEXT) -> dict[Side, WholeAnswer]:
    """Return two whole answers."""
    return {
        Side.LEFT: WholeAnswer(text=left, first_token_ms=300, last_token_ms=1200),
        Side.RIGHT: WholeAnswer(text=right, first_token_ms=500, last_token_ms=900),
    }
