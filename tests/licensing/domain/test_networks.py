"""Of where somebody comes from, only a mark of the network is kept."""

import pytest

from apps.licensing.domain.networks import mark_of, network_of


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("9.9.9.7", "9.9.9.0/24"),
        (" 9.9.9.250 ", "9.9.9.0/24"),
        ("::ffff:9.9.9.1", "9.9.9.0/24"),
        ("2620:fe::9", "2620:fe::/48"),
        ("2620:fe:0:7::9", "2620:fe::/48"),
        # Behind a proxy everybody would look alike.
        ("127.0.0.1", ""),
        ("10.0.0.7", ""),
        ("::1", ""),
        ("nowhere", ""),
        ("", ""),
    ],
)
def test_a_network_is_what_one_customer_has(address: str, network: str) -> None:
    assert network_of(address) == network


def test_a_mark_is_of_a_network_and_a_key() -> None:
    assert mark_of("9.9.9.0/24", key=b"a") == mark_of("9.9.9.0/24", key=b"a") != mark_of("9.9.9.0/24", key=b"b")
    assert mark_of("9.9.9.0/24", key=b"a") != mark_of("9.9.8.0/24", key=b"a")
    assert mark_of("", key=b"a") == ""
