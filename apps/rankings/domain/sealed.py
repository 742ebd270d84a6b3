"""The counted votes of a snapshot as auditors get them: codes under names that hold for this one snapshot only."""

import hashlib
from dataclasses import dataclass
from typing import Final

import numpy as np

from apps.rankings.domain.votes import Codes, Counts, Floats, Small, Votes

#: Changes with anything that would change a file.
LAYOUT: Final = 1
SECRET_BYTES: Final = 32
_NAME_BYTES: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SealedColumns:
    """n counted votes in an order that tells nothing.

    ``left`` and ``right`` (int32, n) index ``models``, ``voter`` (int32, n) ``voters``, random names; ``outcome``
    (int8, n) is that of the left model; ``weight`` (float64, n) is the vote's on the plain board; ``differences``
    (float64, n by k) are the left answer's measures less the right one's, NaN where an answer was not kept.
    """

    models: tuple[str, ...]
    left: Codes
    right: Codes
    outcome: Small
    voters: tuple[str, ...]
    voter: Codes
    weight: Floats
    style_names: tuple[str, ...]
    differences: Floats

    def __len__(self) -> int:
        return len(self.left)


def sealed(votes: Votes, people: Counts, weight: Floats, secret: bytes) -> SealedColumns:
    """Return votes for sealing; with the same ``secret`` (32 bytes) the same votes give the same columns.

    ``people`` (int64, n) is who cast each vote, as the votes' contributors have it in codes. Voters' names and the
    order of the rows both come from the secret alone, so that a row leads neither to its place in the tree, nor to the
    same person in another snapshot.
    """
    order = _shuffled(len(votes), secret)
    person = votes.contributor if votes.contributor is not None else np.zeros(len(votes), np.int32)
    present = np.zeros(votes.contributors, np.int64)
    present[person] = people
    names = [_name(one, secret) for one in present.tolist()]
    rising = np.argsort(np.array(names)) if names else np.zeros(0, np.int64)
    places = np.empty(len(names), np.int32)
    places[rising] = np.arange(len(names), dtype=np.int32)
    style = votes.style if votes.style is not None else np.zeros((len(votes), 0))
    return SealedColumns(
        models=votes.models,
        left=votes.model_a[order],
        right=votes.model_b[order],
        outcome=votes.outcome[order],
        voters=tuple(names[place] for place in rising.tolist()),
        voter=places[person[order]],
        weight=weight[order],
        style_names=votes.style_names,
        differences=style[order],
    )


def _name(person: int, secret: bytes) -> str:
    return hashlib.blake2b(person.to_bytes(8, "big", signed=True), key=secret, digest_size=_NAME_BYTES).hexdigest()


def _shuffled(rows: int, secret: bytes) -> Counts:
    # The raw stream of a bit generator is fixed; what draws from it may change from version to version.
    key = np.frombuffer(hashlib.sha256(b"order" + secret).digest()[:16], np.uint64)
    return np.argsort(np.random.Philox(key=key).random_raw(rows), kind="stable").astype(np.int64)
