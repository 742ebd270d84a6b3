"""Opening a battle: two models drawn for one prompt."""

import uuid
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import NotPermitted, Refused
from apps.audit.services import record
from apps.battles.domain.draw import Chance, Draw, TooFewModels, draw_battle, without_makers
from apps.battles.domain.facts import facts_of_opening
from apps.battles.events import BattleEvent
from apps.battles.models import Battle, BattleCluster
from apps.battles.queries import candidates, quota_of
from apps.battles.services.battle_rows import hold_living_cluster
from apps.battles.services.draw_rows import seal_draw
from apps.contributors.models import ConsentKind, Contributor
from apps.contributors.queries import contributor_of, has_consent, profile_of
from apps.organizations.queries import owners_and_owned
from apps.prompts.models import Prompt, PromptState


class ConsentMissing(NotPermitted):
    """Taking part needs the consent to taking part."""


class PromptNotOpen(Refused):
    """The prompt is not, or not any more, one that battles are fought on."""


class DailyNumberReached(Refused):
    """The contributor opened as many battles within 24 hours as the rulebook allows."""


class NothingToCompare(Refused):
    """There are not two models that this contributor may be shown."""


class OpeningKeyTaken(NotPermitted):
    """The form's key was used by somebody else."""


@transaction.atomic
def open_battle(*, actor: Actor, prompt: Prompt, opening_key: uuid.UUID, now: datetime, rng: Chance) -> Battle:
    """Draw two models for a prompt and open a battle between them; the same key finds the same battle again.

    Models of the contributor's employers, their owners and what these own are left out before the draw.

    Raises:
        NotAContributor, ConsentMissing: when the actor may not take part.
        PromptNotOpen: when the prompt is not approved.
        DailyNumberReached: when the day's number is used up.
        NothingToCompare: when fewer than two models are left to draw from.
        OpeningKeyTaken: when the key is somebody else's.
    """
    contributor = contributor_of(actor)
    if not has_consent(contributor, ConsentKind.PARTICIPATION):
        raise ConsentMissing(_("Taking part needs your consent to it."), clause="A1", subject=contributor.ref)
    if prompt.cluster_id is None and not prompt.below_cluster_length:
        raise PromptNotOpen(_("This prompt is not in the pool."), clause="P1", subject=prompt.ref)
    # Clusters come before everything else that is locked; see battle_rows. A very short prompt has none, so its
    # battles can never be sold (docs/decisions/0004).
    cluster_id = None if prompt.cluster_id is None else hold_living_cluster(prompt.cluster_id)
    prompt = Prompt.objects.get(pk=prompt.pk)
    # One contributor's openings queue here, so that neither the key nor the day's number is used twice at once.
    contributor = Contributor.objects.select_for_update(no_key=True).get(pk=contributor.pk)
    if (earlier := Battle.objects.filter(opening_key=opening_key).first()) is not None:
        return _of_the_same(contributor, earlier)
    if prompt.state != PromptState.APPROVED:
        raise PromptNotOpen(_("This prompt is not in the pool."), clause="P1", subject=prompt.ref)
    quota = quota_of(contributor, now=now)
    if not quota.left:
        raise DailyNumberReached(
            _("You opened %(number)d battles within a day, which is as many as count. Come back tomorrow.")
            % {"number": quota.allowed},
            clause="B5",
            subject=contributor.ref,
        )
    draw = _draw_for(contributor, now=now, rng=rng)
    battle = Battle.objects.create(
        prompt=prompt,
        contributor=contributor,
        left_model_id=draw.left.model_id,
        right_model_id=draw.right.model_id,
        left_endpoint_id=draw.left.endpoint_id,
        right_endpoint_id=draw.right.endpoint_id,
        pair_probability=draw.probability,
        language=prompt.language,
        category=prompt.category,
        opening_key=opening_key,
        opened_at=now,
    )
    if cluster_id is not None:
        BattleCluster.objects.create(battle=battle, cluster_id=cluster_id)
    record(
        BattleEvent.OPENED,
        actor=actor,
        subject=battle.ref,
        at=now,
        facts=facts_of_opening(
            prompt=prompt.ref,
            cluster_id=cluster_id,
            draw_commitment=seal_draw(draw, opening_key=opening_key),
        ),
    )
    # The wall's triggers had the last word on these two.
    battle.refresh_from_db(fields=["tag", "last_event_at"])
    return battle


def _of_the_same(contributor: Contributor, battle: Battle) -> Battle:
    if battle.contributor_id != contributor.pk:
        raise OpeningKeyTaken(_("This form was already used. Please load the page again."))
    return battle


def _draw_for(contributor: Contributor, *, now: datetime, rng: Chance) -> Draw:
    barred = owners_and_owned(profile_of(contributor).employer_ids, on=now.date())
    try:
        return draw_battle(without_makers(candidates(), barred), chance=rng)
    except TooFewModels as few:
        raise NothingToCompare(
            _("There are not two models that we may show you now. Please try again later."),
            clause="B3" if barred else None,
            subject=contributor.ref,
        ) from few
