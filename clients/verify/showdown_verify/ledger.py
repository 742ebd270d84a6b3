"""What entries count and name: numbers per licensee without gaps, and manifests by their digest.

An entry whose facts have ``licensee`` and ``counter`` takes part in a count: for each event and licensee the numbers
are 1, 2, 3 and so on, each once. An entry whose facts have ``manifest_digest`` names a manifest; ``rows`` and
``files``, where the facts have them, are those of the manifest.
"""

import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from showdown_verify.entries import UnfitEntry, read_json
from showdown_verify.verdict import Broken, shown

MANIFESTS: Final = "manifests/"
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_MANIFEST_PATH: Final = re.compile(r"manifests/([0-9a-f]{64})\.json")


@dataclass(slots=True)
class _Count:
    """Numbers up to ``reached`` are all there; ``ahead`` are those that came before their turn."""

    reached: int = 0
    ahead: dict[int, int] = field(default_factory=dict)


class Ledger:
    """Takes note of entries in the order of the log, and says at the end whether they add up."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str], _Count] = {}
        self.manifests: dict[str, tuple[int, Mapping[str, Any]]] = {}
        self.counted = 0

    def note(self, index: int, event: str, facts: Mapping[str, Any]) -> None:
        """Take an entry; raises ``Broken`` for a number that was there before."""
        if "counter" in facts and "licensee" in facts:
            self._count(index, event, facts)
        if "manifest_digest" in facts:
            digest = facts["manifest_digest"]
            if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
                raise Broken(
                    "manifests", "malformed-digest", "The entry names a manifest by no digest.", where=f"leaf {index}"
                )
            self.manifests.setdefault(digest, (index, facts))

    def _count(self, index: int, event: str, facts: Mapping[str, Any]) -> None:
        number, licensee = facts["counter"], facts["licensee"]
        if not isinstance(number, int) or isinstance(number, bool) or number < 1 or not isinstance(licensee, str):
            raise Broken(
                "counters", "malformed-counter", "The entry's counter is no number above 0.", where=f"leaf {index}"
            )
        count = self._counts.setdefault((event, licensee), _Count())
        if number <= count.reached or number in count.ahead:
            raise Broken(
                "counters",
                "counter-repeated",
                f"{shown(event)} of {shown(licensee)} has the number {number} twice.",
                where=f"leaf {index}",
            )
        count.ahead[number] = index
        while count.reached + 1 in count.ahead:
            count.reached += 1
            del count.ahead[count.reached]
        self.counted += 1

    def require_no_gaps(self) -> str:
        """Return how much was counted; raises ``Broken`` for a number that is missing below a later one."""
        for (event, licensee), count in self._counts.items():
            if count.ahead:
                index = min(count.ahead.values())
                raise Broken(
                    "counters",
                    "counter-gap",
                    f"{shown(event)} of {shown(licensee)} has no number {count.reached + 1}, but later ones.",
                    where=f"leaf {index}",
                )
        return f"{self.counted:,} numbers of {len(self._counts):,} counters, without a gap"


def manifest_path(digest: str) -> str:
    """Return where a bundle has the manifest with this digest."""
    return f"{MANIFESTS}{digest}.json"


def require_manifest(digest: str, named: tuple[int, Mapping[str, Any]], data: bytes) -> None:
    """Check that ``data`` is the manifest that an entry names; raises ``Broken``."""
    index, facts = named
    path = manifest_path(digest)
    if hashlib.sha256(data).hexdigest() != digest:
        raise Broken(
            "manifests", "manifest-changed", f"The manifest that leaf {index} names has another digest.", where=path
        )
    try:
        manifest = read_json(data.decode("utf-8"), "The manifest")
    except (UnicodeDecodeError, UnfitEntry) as error:
        raise Broken("manifests", "manifest-unreadable", shown(str(error)), where=path) from None
    files = manifest.get("files") if isinstance(manifest, dict) else None
    told = {
        "rows": manifest.get("rows") if isinstance(manifest, dict) else None,
        "files": len(files) if isinstance(files, list) else None,
    }
    for name, value in told.items():
        if name in facts and facts[name] != value:
            raise Broken(
                "manifests",
                "manifest-disagrees",
                f"Leaf {index} and its manifest do not agree on {name}.",
                where=path,
            )


def require_named(paths: Collection[str], digests: Collection[str]) -> None:
    """Check that every manifest of a bundle is named by an entry; raises ``Broken``."""
    for path in sorted(paths):
        match = _MANIFEST_PATH.fullmatch(path)
        if match is None or match[1] not in digests:
            raise Broken("manifests", "manifest-unnamed", "No entry of the log names this manifest.", where=shown(path))
