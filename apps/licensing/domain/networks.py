"""Where a request comes from, coarsely: the network and not the machine, and of that only a mark."""

import hashlib
import hmac
import ipaddress
from typing import Final

# What one household or office has, and what a provider gives to one customer.
_IPV4_BITS: Final = 24
_IPV6_BITS: Final = 48


def network_of(address: str) -> str:
    """Return the network of an address as text, such as ``9.9.9.0/24``; empty for what is no public address.

    One that is not public is a proxy's or this machine's own, behind which everybody would look alike.
    """
    try:
        parsed = ipaddress.ip_address(address.strip())
    except ValueError:
        return ""
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    if not parsed.is_global:
        return ""
    bits = _IPV4_BITS if isinstance(parsed, ipaddress.IPv4Address) else _IPV6_BITS
    return str(ipaddress.ip_network(f"{parsed}/{bits}", strict=False))


def mark_of(network: str, *, key: bytes) -> str:
    """Return a mark (64 hexadecimal digits, HMAC-SHA-256) that is the same for a network as long as the key is."""
    return hmac.new(key, network.encode(), hashlib.sha256).hexdigest() if network else ""
