"""Resemblance: estimated well, found through bands, always measured against a founder."""

import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.prompts.domain.similarity import Founder, Signing, nearest, packed, resemblance, unpacked

SIGNING = Signing(permutations=128, bands=32, shingle=5)
WORDS = st.text(min_size=1, max_size=200)
RECIPE = "How do I bake a loaf of sourdough bread at home without a mixer, and how long does the dough have to rest?"


@pytest.fixture(scope="module", autouse=True)
def _loaded() -> None:
    """Sign once: the first signature loads its library, and no example may take that long."""
    SIGNING.sign(RECIPE)


def true_resemblance(first: str, second: str) -> float:
    one, other = SIGNING._grams(first), SIGNING._grams(second)
    return len(one & other) / len(one | other)


@given(WORDS)
def test_a_text_resembles_itself_and_signs_the_same(text: str) -> None:
    assert np.array_equal(SIGNING.sign(text), SIGNING.sign(text))
    assert resemblance(SIGNING.sign(text), SIGNING.sign(text)) == 1.0


@given(WORDS, WORDS)
def test_resemblance_is_mutual(first: str, second: str) -> None:
    one, other = SIGNING.sign(first), SIGNING.sign(second)
    assert resemblance(one, other) == resemblance(other, one)


@pytest.mark.parametrize(
    "other",
    [
        RECIPE.replace("bread ", ""),
        RECIPE.replace("without a mixer, ", ""),
        RECIPE + " Thank you very much in advance.",
        "What is the capital of Brazil, and since when?",
    ],
)
def test_the_estimate_is_near_the_truth(other: str) -> None:
    # The standard error of 128 places is below 0.045; four of them are far.
    estimate = resemblance(SIGNING.sign(RECIPE), SIGNING.sign(other))
    assert estimate == pytest.approx(true_resemblance(RECIPE, other), abs=0.18)


def test_near_texts_share_a_band_and_far_ones_do_not() -> None:
    founder, near, far = (
        SIGNING.sign(text) for text in (RECIPE, RECIPE.replace("at home ", ""), "Explain the offside rule in football.")
    )
    shared = [a == b for a, b in zip(SIGNING.band_keys(founder), SIGNING.band_keys(near), strict=True)]
    assert any(shared)
    assert not set(SIGNING.band_keys(founder)) & set(SIGNING.band_keys(far))


@given(WORDS)
def test_a_stored_signature_comes_back(text: str) -> None:
    values = SIGNING.sign(text)
    assert len(packed(values)) == 8 * 128
    assert np.array_equal(unpacked(memoryview(packed(values))), values)


@given(WORDS)
def test_band_keys_fit_a_database_column(text: str) -> None:
    keys = SIGNING.band_keys(SIGNING.sign(text))
    assert len(keys) == 32
    assert all(-(2**63) <= key < 2**63 for key in keys)


def test_the_nearest_founder_wins_and_the_oldest_of_equals() -> None:
    def founder(prompt_id: int, text: str) -> Founder:
        return Founder(prompt_id=prompt_id, cluster_id=prompt_id, values=SIGNING.sign(text))

    close = RECIPE.replace("at home ", "")
    candidates = [founder(3, RECIPE), founder(1, close), founder(2, RECIPE)]
    match = nearest(SIGNING.sign(RECIPE), candidates, at_least=0.5)
    assert match is not None
    assert (match.founder.prompt_id, match.resemblance) == (2, 1.0)
    assert nearest(SIGNING.sign("Something else entirely, friends."), candidates, at_least=0.5) is None
    assert nearest(SIGNING.sign(RECIPE), [], at_least=0.0) is None


def test_signatures_of_another_making_have_another_name() -> None:
    assert SIGNING.algorithm != Signing(permutations=128, bands=16, shingle=5).algorithm
    with pytest.raises(ValueError, match="cannot be cut"):
        Signing(permutations=128, bands=33, shingle=5)


@pytest.mark.parametrize(
    ("text", "was", "becomes"),
    [
        ("설날에 할머니께 드릴 편지를 어떻게 시작할까요?", "편지를", "편지는"),
        ("引っ越すパン屋について町内への招待状を書く。", "について", "のため"),
        ("请解释一下为什么秋天的树叶会变成红色和黄色。", "秋天的", "秋天"),
    ],
)
def test_scripts_in_which_a_character_says_more_are_cut_finer(text: str, was: str, becomes: str) -> None:
    former = Signing(permutations=128, bands=32, shingle=5, method=1)
    other = text.replace(was, becomes)
    shares = []
    for signing in (former, SIGNING):
        one, two = signing._grams(text), signing._grams(other)
        shares.append(len(one & two) / len(one | two))
    assert shares[1] > shares[0] + 0.05
    assert resemblance(SIGNING.sign(text), SIGNING.sign(other)) == pytest.approx(shares[1], abs=0.18)


def test_half_a_width_and_loose_letters_are_no_difference() -> None:
    for first, other in (("カタカナのテスト", "ｶﾀｶﾅのﾃｽﾄ"), ("한글 시험", unicodedata.normalize("NFD", "한글 시험"))):
        assert np.array_equal(SIGNING.sign(first), SIGNING.sign(other))


@given(st.text(alphabet=st.characters(max_codepoint=0x10FF), max_size=200))
def test_alphabets_are_signed_as_they_always_were(text: str) -> None:
    former = Signing(permutations=128, bands=32, shingle=5, method=1)
    assert np.array_equal(SIGNING.sign(text), former.sign(text))
    assert SIGNING.algorithm != former.algorithm


def test_a_name_tells_how_it_was_made() -> None:
    for method in (1, 2):
        made = Signing(permutations=128, bands=32, shingle=5, method=method)
        assert Signing.named(made.algorithm) == made
    assert Signing.named("minhash-128/32-char5-affine64-1").method == 1
    for unknown in ("minhash-128/32-char5-affine64-3", "minhash-128/32-char5-affine64-0", "simhash"):
        with pytest.raises(ValueError, match="Nobody here"):
            Signing.named(unknown)
