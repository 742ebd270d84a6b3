"""Clause P3: how much two texts resemble each other, by MinHash over character n-grams of their compared form.

Broder, "On the resemblance and containment of documents" (1997). Two signatures agree in one place with a probability
equal to the Jaccard similarity of their sets of n-grams, so the share of equal places estimates it. A signature is cut
into bands; equal bands make two texts candidates (Leskovec, Rajaraman and Ullman, "Mining of Massive Datasets", 3.4).

Clause P3 counts its n-grams in letters of an alphabet. Five characters of Korean or Japanese say as much as ten letters
or more, so that one changed character spoils too many n-grams. From the second method on, a Korean syllable is taken as
the letters that it is written with (The Unicode Standard, 3.12: two or three), and each character of Han and Kana,
which have no such letters, stands twice. In all other scripts the two methods make the same signatures.
"""

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from apps.prompts.domain.normalisation import canonical

Values: TypeAlias = NDArray[np.uint64]

# Whoever changes how a text is cut into n-grams or hashed gives the method the next number and keeps the former one:
# founders whose words were erased can be compared only as they were signed.
METHOD: Final = 2
_SEED: Final = 1
_SCHEME: Final = "affine64"
_NAME: Final = re.compile(
    rf"minhash-(?P<permutations>\d+)/(?P<bands>\d+)-char(?P<shingle>\d+)-{_SCHEME}-(?P<method>[1-{METHOD}])"
)
_SYLLABLES: Final = re.compile("[\uac00-\ud7a3]+")
# Kana, Han with its extensions, and the compatibility characters that NFKC leaves.
_DENSE: Final = re.compile(
    "[\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff"
    "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]"
)
_STORED: Final = np.dtype("<u8")


@dataclass(frozen=True, slots=True, kw_only=True)
class Signing:
    """How signatures are made; signatures are compared only under the same ``algorithm``."""

    permutations: int
    bands: int
    shingle: int
    method: int = METHOD

    def __post_init__(self) -> None:
        if self.permutations % self.bands:
            raise ValueError(f"{self.permutations} permutations cannot be cut into {self.bands} bands.")

    @property
    def algorithm(self) -> str:
        """The name under which signatures of this making are stored."""
        return f"minhash-{self.permutations}/{self.bands}-char{self.shingle}-{_SCHEME}-{self.method}"

    @classmethod
    def named(cls, algorithm: str) -> "Signing":
        """Return the making behind a stored name. Raises ``ValueError`` for one that nobody here can repeat."""
        told = _NAME.fullmatch(algorithm)
        if told is None:
            raise ValueError(f"Nobody here makes signatures as {algorithm}.")
        return cls(**{name: int(number) for name, number in told.groupdict().items()})

    def sign(self, text: str) -> Values:
        """Return the signature of a text: one 64-bit value for each permutation."""
        # It brings numerical integration along, for which only who signs should wait.
        sketch = import_module("datasketch").MinHash(num_perm=self.permutations, seed=_SEED, scheme=_SCHEME)
        sketch.update_batch([gram.encode("utf-8", "surrogatepass") for gram in sorted(self._grams(text))])
        values: Values = np.asarray(sketch.hashvalues, dtype=np.uint64)
        return values

    def _grams(self, text: str) -> set[str]:
        read = canonical(text)
        if self.method > 1:
            read = _spelt_out(read)
        return {read[at : at + self.shingle] for at in range(max(1, len(read) - self.shingle + 1))}

    def band_keys(self, values: Values) -> list[int]:
        """Return one signed 64-bit key for each band of a signature, in their order."""
        rows = values.astype(_STORED).reshape(self.bands, -1)
        return [
            int.from_bytes(hashlib.blake2b(row.tobytes(), digest_size=8).digest(), "little", signed=True)
            for row in rows
        ]


def _spelt_out(text: str) -> str:
    """Return a text in its compared form with about as many letters as it would have in an alphabet."""
    letters = _SYLLABLES.sub(lambda found: unicodedata.normalize("NFD", found[0]), text)
    return _DENSE.sub(r"\g<0>\g<0>", letters)


def resemblance(first: Values, second: Values) -> float:
    """Return the estimated Jaccard similarity of two texts by their signatures of one making, 0 to 1."""
    return float(np.mean(first == second))


def packed(values: Values) -> bytes:
    """Return a signature as it is stored: 64-bit little-endian values."""
    return values.astype(_STORED).tobytes()


def unpacked(stored: bytes | memoryview) -> Values:
    """Return a stored signature."""
    values: Values = np.frombuffer(bytes(stored), dtype=_STORED).astype(np.uint64)
    return values


@dataclass(frozen=True, slots=True, kw_only=True)
class Founder:
    """The first words of a cluster, which later ones are compared with; ``prompt_id`` is None for a battle's turn."""

    prompt_id: int | None
    cluster_id: int
    values: Values


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A founder that a text is near to, and how near."""

    founder: Founder
    resemblance: float


def near_ones(values: Values, candidates: Sequence[Founder], *, at_least: float) -> list[Match]:
    """Return the founders that are near enough, the nearest first and the oldest of equally near ones before others."""
    matches = [Match(founder=founder, resemblance=resemblance(values, founder.values)) for founder in candidates]
    near = [match for match in matches if match.resemblance >= at_least]
    return sorted(near, key=lambda match: (-match.resemblance, match.founder.cluster_id))


def nearest(values: Values, candidates: Sequence[Founder], *, at_least: float) -> Match | None:
    """Return the nearest founder that is near enough, the oldest of equally near ones; None when none is."""
    return next(iter(near_ones(values, candidates, at_least=at_least)), None)
