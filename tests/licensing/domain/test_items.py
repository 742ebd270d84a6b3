"""One root names the whole list, in its order, with what each item rests on."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from apps.audit.domain.merkle import inclusion_proof, leaf_hash, root_hash, verify_inclusion
from apps.licensing.domain.items import Certificate, Item, header_leaf, item_leaf, items_root

NOON = datetime(2026, 9, 14, 12, tzinfo=UTC)


def item(battle_id: int) -> Item:
    certificates = [Certificate(cluster_id=battle_id + 100, retired_at=NOON + timedelta(days=61))]
    return Item(battle_id=battle_id, last_event_at=NOON, certificates=certificates)


ITEMS = [item(battle_id) for battle_id in (3, 5, 8, 13, 21)]


def root_of(items: list[Item], *, release_id: int = 12, policy_version: int = 1) -> str:
    return items_root(release_id=release_id, policy_version=policy_version, items=items)[0]


def test_the_root_is_that_of_the_leaves() -> None:
    leaves = [header_leaf(release_id=12, policy_version=1), *(item_leaf(each) for each in ITEMS)]
    assert items_root(release_id=12, policy_version=1, items=ITEMS) == (
        root_hash([leaf_hash(leaf) for leaf in leaves]).hex(),
        len(ITEMS),
    )


def test_whatever_changes_changes_the_root() -> None:
    later = NOON + timedelta(microseconds=1)
    changed = [
        root_of(ITEMS[1:]),
        root_of([*ITEMS, item(34)]),
        root_of(ITEMS, release_id=13),
        root_of(ITEMS, policy_version=2),
        root_of([replace(ITEMS[0], last_event_at=later), *ITEMS[1:]]),
        root_of([replace(ITEMS[0], certificates=[Certificate(cluster_id=103, retired_at=later)]), *ITEMS[1:]]),
        root_of([]),
    ]
    assert len({root_of(ITEMS), *changed}) == len(changed) + 1


def test_one_item_can_be_shown_without_the_others() -> None:
    leaves = [leaf_hash(header_leaf(release_id=12, policy_version=1)), *(leaf_hash(item_leaf(each)) for each in ITEMS)]
    verify_inclusion(
        leaf=leaf_hash(item_leaf(ITEMS[2])),
        index=3,
        size=len(leaves),
        proof=inclusion_proof(leaves, 3, len(leaves)),
        root=bytes.fromhex(root_of(ITEMS)),
    )


@pytest.mark.parametrize("items", [ITEMS[::-1], [ITEMS[0], ITEMS[0]]])
def test_items_come_in_their_order_and_once(items: list[Item]) -> None:
    with pytest.raises(ValueError, match="does not follow"):
        root_of(items)
