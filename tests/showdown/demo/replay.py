"""The same people, prompts, battles and readings a second time: through the services, at the times of the load."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from allauth.account.models import EmailAddress
from django.db import transaction

from apps.accounts.events import AccountEvent
from apps.accounts.models import User
from apps.accounts.services import record_account_change
from apps.audit.domain.actor import Actor
from apps.battles.domain.answers import WholeAnswer
from apps.battles.models import Battle, BattleState, LanguageModel, Side
from apps.battles.services import (
    cast_vote,
    claim_answers,
    confirm_answers,
    expire_battle,
    open_battle,
    skip_battle,
    void_battle,
)
from apps.contributors.domain.demography import SelfDescription
from apps.contributors.models import ConsentKind, Contributor
from apps.contributors.queries import current_texts
from apps.contributors.services import (
    begin_application,
    declare_employer,
    describe_yourself,
    give_consent,
    send_application,
)
from apps.moderation.models import Action, Case
from apps.moderation.services import decide_prompt, record_rule_decision, take_case
from apps.organizations.models import Organization
from apps.prompts.models import Prompt
from apps.prompts.services import screen_prompt, submit_prompt
from showdown.demo.labs import MODELS, tied_by_ownership
from showdown.demo.loading.crowd import SIGNED_UP_BEFORE, VERIFIED_BEFORE
from showdown.demo.network import DemoBattle, Network
from showdown.demo.people import ADA, Person
from showdown.demo.prompts import DemoPrompt

SCREENING = Actor.system("prompts.screen_due")
ANSWERS = Actor.system("battles.answers")
EXPIRY = Actor.system("battles.expire_due")
SWEEP = Actor.system("moderation.sweep")


class Meant(random.Random):
    """A chance that draws the two models that were meant, on the sides that were meant."""

    def __init__(self, battle: DemoBattle, *, employer: str) -> None:
        super().__init__()
        barred = tied_by_ownership(employer)
        standing = [place for place, model in enumerate(MODELS) if model.until < 0 and model.lab not in barred]
        first = _middle_of(battle.left, standing)
        second = _middle_of(battle.right, [place for place in standing if place != battle.left])
        # The first draw, the second, the side (below a half: as drawn), and one endpoint for each.
        self._drawn = iter((first, second, 0.25, 0.5, 0.5))

    def random(self) -> float:
        """Return the next number that was meant."""
        return next(self._drawn)


def _middle_of(wanted: int, standing: Sequence[int]) -> float:
    """Return the number in [0, 1) by which one of the models is drawn."""
    weights = [MODELS[place].weight for place in standing]
    place = standing.index(wanted)
    return (sum(weights[:place]) + weights[place] / 2) / sum(weights)


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """When each step of an application was made, as the load wrote it."""

    begun: datetime
    described: datetime
    employed: datetime
    consented: Mapping[str, datetime]
    activated: datetime


def apply(person: Person, times: Times) -> None:
    """Let somebody sign up and apply."""
    email = "ada@demo.example" if person.number == ADA else f"{person.pseudonym}@people.example"
    with transaction.atomic():
        joined_at = times.begun - SIGNED_UP_BEFORE
        user = User.objects.create(
            email=email, pseudonym=person.pseudonym, display_name=person.name, date_joined=joined_at, password="!"
        )
        record_account_change(AccountEvent.SIGNED_UP, actor=user.as_actor(), user=user, now=joined_at)
    with transaction.atomic():
        address = EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
        record_account_change(
            AccountEvent.ADDRESS_VERIFIED,
            actor=Actor.visitor(request_id="replay"),
            user=user,
            now=times.begun - VERIFIED_BEFORE,
            facts={"address": f"account.emailaddress:{address.pk}"},
        )
    actor = user.as_actor()
    begun = begin_application(actor=actor, now=times.begun)
    # The random number under which somebody votes is the network's own.
    Contributor.objects.filter(pk=begun.pk).update(voter_id=person.voter_id)
    description = SelfDescription(
        country=person.country,
        languages=person.languages,
        profession=person.profession,
        age_band=person.age_band,
        education=person.education,
    )
    describe_yourself(actor=actor, description=description, now=times.described)
    employer = Organization.objects.filter(slug=person.employer).first()
    declare_employer(actor=actor, name=employer.name if employer else person.employer, now=times.employed)
    texts = current_texts(language="en")
    for kind in ConsentKind:
        if kind.value in times.consented:
            give_consent(actor=actor, text_id=texts[kind].pk, now=times.consented[kind.value])
    send_application(actor=actor, now=times.activated)


class Replay:
    """The acts of a network, by people as they stand in the database."""

    def __init__(self, network: Network) -> None:
        self.network = network
        accounts = User.objects.filter(contributor__isnull=False).order_by("pk")
        self.actors = [user.as_actor() for user in accounts]
        self.prompts: list[Prompt] = []

    def ask(self, prompt: DemoPrompt, submission_key: Any) -> None:
        """Submit a prompt and let it be screened."""
        submitted = submit_prompt(
            actor=self.actors[prompt.author],
            text=prompt.text,
            language=prompt.language,
            category=prompt.category,
            submission_key=submission_key,
            now=prompt.submitted_at,
        )
        screened = screen_prompt(
            actor=SCREENING, prompt_id=submitted.pk, now=prompt.screened_at, detection=prompt.detection
        )
        self.prompts.append(screened)

    def fight(self, battle: DemoBattle, *, models: Sequence[LanguageModel], key: Any) -> None:
        """Open a battle and bring it where it came."""
        actor = self.actors[battle.voter]
        opened = open_battle(
            actor=actor,
            prompt=self.prompts[battle.prompt],
            opening_key=key,
            now=battle.opened_at,
            rng=Meant(battle, employer=self.network.people[battle.voter].employer),
        )
        assert [opened.left_model_id, opened.right_model_id] == [models[battle.left].pk, models[battle.right].pk]
        claim_answers(actor=actor, battle_id=opened.pk, now=battle.asked_at)
        if battle.void_reason is not None and battle.ended_at is not None:
            side = Side.LEFT if battle.is_left_to_blame else Side.RIGHT
            void_battle(actor=ANSWERS, battle_id=opened.pk, reason=battle.void_reason, side=side, now=battle.ended_at)
            return
        assert battle.answers is not None
        assert battle.answered_at is not None
        answers = {
            side: WholeAnswer(
                text=answer.text, first_token_ms=answer.first_token_ms, last_token_ms=answer.last_token_ms
            )
            for side, answer in zip(Side, battle.answers, strict=True)
        }
        confirm_answers(actor=ANSWERS, battle_id=opened.pk, answers=answers, now=battle.answered_at)
        self._end(battle, opened, actor)

    def _end(self, battle: DemoBattle, opened: Battle, actor: Actor) -> None:
        if battle.ended_at is None:
            return
        if battle.choice is not None:
            cast_vote(
                actor=actor, battle=opened, choice=battle.choice, ballot_key=opened.opening_key, now=battle.ended_at
            )
        elif battle.skip_reason is not None:
            skip_battle(actor=actor, battle=opened, reason=battle.skip_reason, now=battle.ended_at)
        elif battle.state == BattleState.EXPIRED:
            expire_battle(actor=EXPIRY, battle_id=opened.pk, now=battle.ended_at)


def read_afterwards(
    prompt_id: int, *, swept_at: datetime, reader: Actor | None, taken_at: Any, decided_at: Any
) -> None:
    """Write down what the rule decided, and what the moderator did who read the prompt afterwards."""
    record_rule_decision(actor=SWEEP, prompt_id=prompt_id, now=swept_at)
    if reader is None:
        return
    case = Case.objects.get(prompt_id=prompt_id)
    take_case(actor=reader, case_id=case.pk, now=taken_at)
    decide_prompt(actor=reader, case=case, action=Action.APPROVE, clause="P1", reason="", now=decided_at)
