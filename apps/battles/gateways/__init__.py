"""The models' providers: everything that battles say to the world outside."""

from importlib import import_module

from apps.battles.gateways.guard import Limits, guarded
from apps.battles.gateways.provider import ModelProvider, ProviderFault
from apps.battles.gateways.recorded import RecordedProvider
from apps.battles.gateways.scripted import ScriptedProvider
from apps.battles.models import Endpoint, Provider

__all__ = [
    "Limits",
    "ModelProvider",
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
            # The library's types take a fifth of the time in which a process starts, and only who streams needs them.
            over_http = import_module("apps.battles.gateways.openai_http")
            provider: ModelProvider = over_http.OpenAIProvider(limits=Limits.from_settings())
            return provider
