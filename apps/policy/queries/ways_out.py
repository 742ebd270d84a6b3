"""The register of ways out."""

from apps.policy.models import EgressRoute


def ways_out() -> list[EgressRoute]:
    """Return every way out of the platform, by kind and name."""
    return list(EgressRoute.objects.order_by("kind", "name"))
