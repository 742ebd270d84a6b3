"""The items of a release in order, and the one hash that names them.

The tree is that of RFC 6962 (``apps/audit/domain/merkle.py``). Its first leaf names the release and the version of the
rulebook; each further leaf is a battle with its last event and the certificates that it rests on, by battle id. So the
root commits to the reasons as well as to the list, and a single item can be shown with its proof.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import rfc8785

from apps.audit.domain.canonical import time_text
from apps.audit.domain.merkle import leaf_hash
from apps.audit.domain.tree import GrowingTree


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """When a cluster was retired, by the database's clock."""

    cluster_id: int
    retired_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A battle that left the live distribution, with what it rests on; certificates are in the clusters' order."""

    battle_id: int
    last_event_at: datetime
    certificates: Sequence[Certificate]


def header_leaf(*, release_id: int, policy_version: int) -> bytes:
    """Return the first leaf: canonical JSON with the release and the version of the rulebook."""
    return rfc8785.dumps({"policy_version": policy_version, "release": release_id})


def item_leaf(item: Item) -> bytes:
    """Return an item's leaf: canonical JSON."""
    return rfc8785.dumps(
        {
            "battle": item.battle_id,
            "certificates": [[each.cluster_id, time_text(each.retired_at)] for each in item.certificates],
            "last_event_at": time_text(item.last_event_at),
        }
    )


def items_root(*, release_id: int, policy_version: int, items: Iterable[Item]) -> tuple[str, int]:
    """Return the root in hexadecimal digits and the number of items; only the tree's peaks are held in memory.

    Raises ``ValueError`` when the items do not come by rising battle id.
    """
    return leaves_root(release_id=release_id, policy_version=policy_version, leaves=map(item_leaf, _rising(items)))


def leaves_root(*, release_id: int, policy_version: int, leaves: Iterable[bytes]) -> tuple[str, int]:
    """Return the same from the items' leaves, which whoever has them written out already gives in their order."""
    tree = GrowingTree()
    tree.append([leaf_hash(header_leaf(release_id=release_id, policy_version=policy_version))])
    sha256 = hashlib.sha256
    tree.append(sha256(b"\x00" + leaf).digest() for leaf in leaves)
    return tree.root.hex(), tree.size - 1


def _rising(items: Iterable[Item]) -> Iterator[Item]:
    last = 0
    for item in items:
        if item.battle_id <= last:
            raise ValueError(f"Battle {item.battle_id} does not follow battle {last}.")
        last = item.battle_id
        yield item
