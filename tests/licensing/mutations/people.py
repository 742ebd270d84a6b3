"""Rules 7 and 8: ten of a kind over all releases, and names that mean something to one licensee only."""

import hmac
from typing import Any, Final

import numpy as np

from apps.licensing.domain.pseudonyms import NAME_BYTES
from tests.licensing.mutations.registry import Mutation

_EDITIONS: Final = "tests/licensing/test_editions.py::"
_REWRITING: Final = "tests/licensing/test_rewriting.py::"
_ANONYMITY: Final = "tests/licensing/domain/test_anonymity.py::"


def _always_full(_table: object, asked: Any, *_told: object, **_more: object) -> Any:
    """Take every combination for one that enough people share."""
    return np.ones(len(asked), dtype=np.bool_)


def _nobody(*_told: object, **_more: object) -> frozenset[int]:
    """Find nobody among too few."""
    return frozenset()


def _one_key_for_all(_names: object, kind: str, number: int) -> bytes:
    """Name things the same for every licensee."""
    return hmac.digest(b"the same for everybody", f"{kind}:{number}".encode(), "sha256")[:NAME_BYTES]


MUTATIONS: Final = (
    Mutation(
        rule=7,
        name="nobody counts to ten",
        patches=(("apps.licensing.domain.anonymity._Table.is_full", _always_full),),
        caught_by=(
            _ANONYMITY + "test_every_published_combination_has_k_people_after_any_releases",
            _EDITIONS + "test_whoever_is_unlike_anybody_is_left_out",
        ),
    ),
    Mutation(
        rule=7,
        name="nobody counts again when rows have left",
        patches=(("apps.licensing.queries.people.small_cells", _nobody),),
        caught_by=(_REWRITING + "test_who_is_left_among_too_few_leaves_with_them",),
    ),
    Mutation(
        rule=8,
        name="one key for all licensees",
        patches=(("apps.licensing.domain.pseudonyms.Pseudonyms.name", _one_key_for_all),),
        caught_by=(_EDITIONS + "test_every_licensee_of_an_offer_gets_names_of_their_own",),
    ),
)
