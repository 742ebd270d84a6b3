"""The models' providers: everything that battles say to the world outside."""

from apps.battles.gateways.guard import Limits, guarded
from apps.battles.gateways.openai_http import OpenAIProvider
from apps.battles.gateways.provider import ModelProvider, ProviderFault
from apps.battles.gateways.recorded import RecordedProvider
from apps.battles.gateways.scripted import ScriptedProvider
from apps.battles.models import Endpoint, Provider

__all__ = [
    "Limits",
    "ModelProvider",
    "OpenAIProvider",
    "ProviderFault",
    "RecordedProvider",
    "ScriptedProvider",
    "guarded",
    "provider_of",
]


def provider_of(endpoint: Endpoint) -> ModelProvider:
    """Return what speaks to this endpoint."""
    match Provider(endpoint.provider):
        case Provider.RECORDED:
            return RecordedProvider()
        case Provider.OPENAI:
            return OpenAIProvider(limits=Limits.from_settings())
