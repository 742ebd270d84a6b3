"""The key of the day under which networks are marked: random, in the cache alone, and forgotten after the day."""

import secrets
from datetime import datetime
from typing import Final

from django.core.cache import cache

from apps.licensing.domain.networks import mark_of, network_of

_TWO_DAYS: Final = 2 * 24 * 60 * 60


def network_mark(address: str, *, now: datetime) -> str:
    """Return the mark of the network that an address is in, for this day; empty for what is no address.

    Where the cache is empty or away, a new key begins, and nobody can tell the marks of before from others.
    """
    name = f"licensing:networks:{now:%Y-%m-%d}"
    key = cache.get_or_set(name, lambda: secrets.token_hex(32), _TWO_DAYS)
    return mark_of(network_of(address), key=str(key).encode())
