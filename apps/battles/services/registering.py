"""Models and the endpoints where they answer."""

import re
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from django.db import IntegrityError, transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from apps.audit.domain.actor import Actor
from apps.audit.domain.refusal import NotPermitted, Refused
from apps.audit.services import commit_to, record
from apps.battles.events import BattleEvent
from apps.battles.models import KEY_REFERENCE_PATTERN, Endpoint, LanguageModel, ModelState, Provider
from apps.battles.permissions import may_change_models
from apps.organizations.models import Organization

_THIS_MACHINE: Final = {"localhost", "127.0.0.1", "::1"}
_SLUG_LENGTH: Final = 120
GREATEST_WEIGHT: Final = 1000.0


class ModelNameTaken(Refused):
    """A model of this name, or of one that reads the same in an address, is registered."""


class NotAnEndpoint(Refused):
    """The address, the key's name or the weight cannot be right."""


@transaction.atomic
def register_model(
    *,
    actor: Actor,
    name: str,
    organization: Organization,
    licence: str = "",
    state: ModelState = ModelState.PUBLIC,
    provider: Provider,
    remote_name: str,
    base_url: str = "",
    key_reference: str = "",
    redistribution_allowed: bool | None = None,
    weight: float = 1.0,
    now: datetime,
) -> LanguageModel:
    """Register a model together with the endpoint where it answers; it is drawn from now on.

    ``key_reference`` names an environment variable that begins with SHOWDOWN_MODEL_KEY_; the key itself is never
    stored. ``redistribution_allowed`` is what the endpoint's terms say about passing answers on; None is unknown, and
    unknown means no.

    Raises:
        NotPermitted: when the actor does not run the models.
        ModelNameTaken, NotAnEndpoint: when it cannot be registered like this.
    """
    _require(actor)
    name = " ".join(name.split())
    _check_endpoint(provider, base_url=base_url, key_reference=key_reference, weight=weight)
    try:
        with transaction.atomic():
            model = LanguageModel.objects.create(
                name=name,
                slug=slugify(name)[:_SLUG_LENGTH] or "model",
                organization=organization,
                licence=licence,
                state=state,
                added_at=now,
            )
    except IntegrityError as taken:
        raise ModelNameTaken(_("A model of this name is registered already.")) from taken
    endpoint = Endpoint.objects.create(
        model=model,
        provider=provider,
        base_url=base_url,
        remote_name=remote_name,
        key_reference=key_reference,
        redistribution_allowed=redistribution_allowed,
        weight=weight,
    )
    record(
        BattleEvent.MODEL_REGISTERED,
        actor=actor,
        subject=model.ref,
        at=now,
        facts={
            "slug": model.slug,
            "organization": organization.ref,
            "state": ModelState(state).value,
            "endpoint": endpoint.ref,
            "provider": Provider(provider).value,
            "address": commit_to(base_url, subject=endpoint.ref),
            "redistribution_allowed": redistribution_allowed,
            "weight": weight,
        },
    )
    return model


@transaction.atomic
def change_endpoint(*, actor: Actor, endpoint_id: int, weight: float, is_active: bool, now: datetime) -> Endpoint:
    """Set how often an endpoint is drawn, and whether it is drawn at all.

    Raises:
        NotPermitted: when the actor does not run the models.
        NotAnEndpoint: when there is none of this id, or the weight cannot be.
    """
    _require(actor)
    endpoint = Endpoint.objects.select_for_update().filter(pk=endpoint_id).first()
    if endpoint is None:
        raise NotAnEndpoint(_("There is no such endpoint."))
    _check_weight(weight)
    before = {"weight": endpoint.weight, "is_active": endpoint.is_active}
    endpoint.weight, endpoint.is_active = weight, is_active
    endpoint.save(update_fields=["weight", "is_active"])
    record(
        BattleEvent.ENDPOINT_CHANGED,
        actor=actor,
        subject=endpoint.ref,
        at=now,
        facts={"before": before, "after": {"weight": weight, "is_active": is_active}},
    )
    return endpoint


def _require(actor: Actor) -> None:
    if not may_change_models(actor):
        raise NotPermitted(_("Only network administrators change models and their endpoints."))


def _check_endpoint(provider: Provider, *, base_url: str, key_reference: str, weight: float) -> None:
    _check_weight(weight)
    if key_reference and not re.fullmatch(KEY_REFERENCE_PATTERN, key_reference):
        raise NotAnEndpoint(_("A key's name begins with SHOWDOWN_MODEL_KEY_, in capital letters."))
    if provider == Provider.RECORDED:
        if base_url or key_reference:
            raise NotAnEndpoint(_("A recorded model has neither an address nor a key."))
        return
    try:
        address = urlsplit(base_url)
        host, _port = address.hostname, address.port
    except ValueError as malformed:
        raise NotAnEndpoint(_("This is not an address.")) from malformed
    is_plain = address.scheme == "http" and host in _THIS_MACHINE
    # Questions of people travel there, so the way has to be encrypted.
    if not host or not (address.scheme == "https" or is_plain):
        raise NotAnEndpoint(_("An endpoint's address begins with https://."))
    if address.username or address.password or address.query or address.fragment:
        raise NotAnEndpoint(_("An endpoint's address holds no password and no parameters."))


def _check_weight(weight: float) -> None:
    if not 0 <= weight <= GREATEST_WEIGHT:
        raise NotAnEndpoint(_("A weight is a number from 0 to 1000."))
