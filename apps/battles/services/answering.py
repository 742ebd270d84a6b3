"""The answers of a battle: claimed by one process, confirmed when both are whole."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import NotPermitted, Refused
from apps.audit.services import commit_to, record
from apps.battles.domain.answers import WholeAnswer, is_readable
from apps.battles.domain.identity import named_in, telling_names
from apps.battles.domain.measures import measure
from apps.battles.events import BattleEvent
from apps.battles.models import UNFINISHED, Battle, BattleState, Endpoint, LanguageModel, Response, Side, VoidReason
from apps.battles.permissions import may_settle_battles
from apps.battles.services.battle_rows import BattleIsOver, hold_clusters_of, lock_battle, lock_own_battle
from apps.battles.services.closing import record_void
from apps.contributors.queries import contributor_of
from apps.prompts.models import PromptState


class AnswersAlreadyAsked(Refused):
    """Another tab or process is fetching these answers, or they are there."""


class HalfABattle(Refused):
    """An answer is missing, empty or not readable."""


@transaction.atomic
def claim_answers(*, actor: Actor, battle_id: int, now: datetime) -> Battle:
    """Reserve the fetching of a battle's answers for the caller, who must then confirm or void.

    The battle comes with its prompt and endpoints. When its prompt was taken back meanwhile, the battle is void, and
    nothing is sent to anybody.

    Raises:
        NoSuchBattle: when it is not the actor's.
        AnswersAlreadyAsked: when somebody else fetches them, or they are there.
        BattleIsOver: when it ended before.
    """
    lock_own_battle(contributor_of(actor), battle_id)
    battle = Battle.objects.select_related("prompt", "left_endpoint", "right_endpoint").get(pk=battle_id)
    if battle.state in {BattleState.ANSWERING, BattleState.READY}:
        raise AnswersAlreadyAsked(_("The answers are already on their way."), subject=battle.ref)
    if battle.state != BattleState.OPENED:
        raise BattleIsOver(_("This battle has ended."), subject=battle.ref)
    if battle.prompt is None or battle.prompt.state != PromptState.APPROVED:
        return record_void(battle, actor=actor, reason=VoidReason.PROMPT_CLOSED, side=None, now=now)
    battle.state, battle.claimed_at = BattleState.ANSWERING, now
    battle.save(update_fields=["state", "claimed_at"])
    # Without the endpoints, which would tell the models; the draw is opened when the battle ends.
    record(BattleEvent.ASKED, actor=actor, subject=battle.ref, at=now)
    return battle


@transaction.atomic
def confirm_answers(*, actor: Actor, battle_id: int, answers: Mapping[Side, WholeAnswer], now: datetime) -> Battle:
    """Keep both answers and open the vote; an answer that names its model or maker makes the battle void instead.

    Raises:
        NotPermitted: when the actor is not the platform.
        HalfABattle: when an answer is missing, empty or unreadable.
        BattleIsOver: when nobody waits for these answers any more.
    """
    if not may_settle_battles(actor):
        raise NotPermitted(_("Only the platform itself brings answers."))
    # Answers are a live event too: clusters come before everything else that is locked; see battle_rows.
    hold_clusters_of(battle_id)
    battle = lock_battle(battle_id)
    if battle.state != BattleState.ANSWERING:
        raise BattleIsOver(_("This battle has ended."), subject=battle.ref)
    for side in Side:
        if side not in answers or not answers[side].text.strip() or not is_readable(answers[side].text):
            raise HalfABattle(_("An answer is missing."), clause="B4", subject=battle.ref)
    if (leak := _side_that_names_itself(battle, answers)) is not None:
        return record_void(battle, actor=actor, reason=VoidReason.NAMED_ITSELF, side=leak, now=now)
    Response.objects.bulk_create(
        Response(
            battle=battle,
            side=side,
            text=answer.text,
            first_token_ms=answer.first_token_ms,
            last_token_ms=answer.last_token_ms,
            created_at=now,
            **asdict(measure(answer.text)),
        )
        for side, answer in answers.items()
    )
    battle.state = BattleState.READY
    battle.save(update_fields=["state"])
    record(
        BattleEvent.ANSWERED,
        actor=actor,
        subject=battle.ref,
        at=now,
        facts={side.value: commit_to(answers[side].text, subject=battle.ref) for side in Side},
    )
    return battle


@transaction.atomic
def void_battle(*, actor: Actor, battle_id: int, reason: VoidReason, side: Side | None = None, now: datetime) -> Battle:
    """End a battle that counts for nobody; ``side`` names the answer that is to blame, if one is.

    Raises:
        NotPermitted: when the actor is not the platform.
        BattleIsOver: when it ended before.
    """
    if not may_settle_battles(actor):
        raise NotPermitted(_("Only the platform itself makes a battle void."))
    battle = lock_battle(battle_id)
    if battle.state not in UNFINISHED:
        raise BattleIsOver(_("This battle has ended."), subject=battle.ref)
    return record_void(battle, actor=actor, reason=reason, side=side, now=now)


def _side_that_names_itself(battle: Battle, answers: Mapping[Side, WholeAnswer]) -> Side | None:
    """Return the side whose answer names its own model, under the provider's name for it too, or its maker."""
    model_ids = {Side.LEFT: battle.left_model_id, Side.RIGHT: battle.right_model_id}
    endpoint_ids = {Side.LEFT: battle.left_endpoint_id, Side.RIGHT: battle.right_endpoint_id}
    models = LanguageModel.objects.select_related("organization").in_bulk(model_ids.values())
    known_ids = [endpoint_id for endpoint_id in endpoint_ids.values() if endpoint_id is not None]
    remote_names = dict(Endpoint.objects.filter(pk__in=known_ids).values_list("pk", "remote_name"))
    prompt = battle.prompt.text if battle.prompt else ""
    for side, answer in answers.items():
        model = models[model_ids[side]]
        names = telling_names(model.name, model.organization.name, remote_names.get(endpoint_ids[side] or 0, ""))
        if named_in(answer.text, names=names, prompt=prompt) is not None:
            return side
    return None
