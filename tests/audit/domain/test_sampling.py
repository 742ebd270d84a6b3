"""The sampler: the same lot every time, steered by nobody, and fair."""

import base64
import hashlib
import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.audit.domain.sampling import InvalidCosignature, digest_of, draw, most_drawn, seed_of, ticket

SEED = hashlib.sha256(b"a cosignature").digest()
leaves = st.lists(st.integers(0, 2**63 - 1), unique=True, max_size=60)
seeds = st.binary(min_size=32, max_size=32)
numbers = st.integers(0, 80)


def test_a_known_draw_stays_the_same() -> None:
    """Written out, so that a change of the algorithm cannot go unseen: outsiders compute this too."""
    assert draw(range(1000), seed=SEED, number=5) == [
        index
        for _ticket, index in sorted(
            (hashlib.sha256(SEED + index.to_bytes(8, "big")).hexdigest(), index) for index in range(1000)
        )[:5]
    ]
    assert draw(range(1000), seed=bytes(32), number=5) == [206, 424, 579, 997, 103]


@given(leaves, seeds, numbers, st.randoms(use_true_random=False))
def test_the_order_of_reading_does_not_matter(found: list[int], seed: bytes, number: int, rng: random.Random) -> None:
    shuffled = list(found)
    rng.shuffle(shuffled)
    sample = draw(found, seed=seed, number=number)
    assert sample == draw(shuffled, seed=seed, number=number)
    assert len(sample) == min(number, len(found))
    assert set(sample) <= set(found)
    assert len(set(sample)) == len(sample)


@given(leaves, seeds, numbers)
def test_a_larger_sample_begins_with_the_smaller(found: list[int], seed: bytes, number: int) -> None:
    assert draw(found, seed=seed, number=number + 5)[: min(number, len(found))] == draw(found, seed=seed, number=number)


@given(leaves, seeds)
def test_what_is_not_drawn_has_no_lower_ticket(found: list[int], seed: bytes) -> None:
    sample = draw(found, seed=seed, number=3)
    rest = set(found) - set(sample)
    assert all(ticket(seed, left) > ticket(seed, taken) for left in rest for taken in sample)


def test_every_entry_is_drawn_as_often_as_any_other() -> None:
    drawn = Counter(
        index
        for round_number in range(2000)
        for index in draw(range(20), seed=hashlib.sha256(str(round_number).encode()).digest(), number=5)
    )
    # 2,000 rounds of a quarter each: 500 expected, a standard deviation of 19.4.
    assert all(abs(drawn[index] - 500) < 5 * 19.4 for index in range(20)), drawn


@given(leaves, seeds, seeds)
def test_the_digest_is_that_of_the_set(found: list[int], seed: bytes, other: bytes) -> None:
    assert digest_of(found) == digest_of(list(reversed(found)))
    assert digest_of(draw(found, seed=seed, number=99)) == digest_of(draw(found, seed=other, number=99))


def test_a_seed_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        draw([1, 2], seed=b"short", number=1)


@pytest.mark.parametrize(("population", "most"), [(0, 0), (1, 1), (9, 1), (10, 1), (19, 1), (20, 2), (48_120, 4812)])
def test_a_tenth_may_be_drawn_and_always_one(population: int, most: int) -> None:
    assert most_drawn(population, share=0.1) == most


def line(signature: bytes, name: str = "barbara.example/w1") -> str:
    return f"— {name} {base64.b64encode(signature).decode()}\n"


def test_the_seed_is_the_hash_of_the_cosignature() -> None:
    signature = bytes(range(76))
    assert seed_of(line(signature)) == hashlib.sha256(signature).digest()
    assert seed_of(line(signature).removesuffix("\n")) == seed_of(line(signature))
    # Another witness of the same bytes cannot be: the key id within differs. The name is not part of the seed.
    assert seed_of(line(signature, "other")) == seed_of(line(signature))


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "\n",
        "— ",
        "— name",
        "- name " + base64.b64encode(bytes(76)).decode(),
        "name " + base64.b64encode(bytes(76)).decode(),
        line(bytes(75)),
        line(bytes(77)),
        line(b""),
        "— name " + base64.b64encode(bytes(76)).decode().rstrip("="),
        "— name " + base64.b64encode(bytes(76)).decode()[:-3] + "B==",
        "— name not*base64",
        line(bytes(76)) + line(bytes(76)),
    ],
)
def test_what_is_no_cosignature_gives_no_seed(bad: str) -> None:
    with pytest.raises(InvalidCosignature):
        seed_of(bad)
