"""Which prompts are read afterwards: by chance, always the same ones, and nobody can steer it."""

from hypothesis import given
from hypothesis import strategies as st

from apps.moderation.domain.priority import Reason, place_for, place_of_flagged
from apps.moderation.domain.sampling import is_drawn


def test_about_one_in_twenty_is_drawn() -> None:
    drawn = sum(is_drawn(number, key=b"a key", share=0.05) for number in range(20_000))
    assert 900 <= drawn <= 1100


@given(st.integers(1, 10**12), st.binary(min_size=1, max_size=40), st.floats(0, 1))
def test_a_prompt_is_drawn_always_or_never(prompt_id: int, key: bytes, share: float) -> None:
    assert is_drawn(prompt_id, key=key, share=share) == is_drawn(prompt_id, key=key, share=share)
    assert not is_drawn(prompt_id, key=key, share=0.0)
    assert is_drawn(prompt_id, key=key, share=1.0)
    if is_drawn(prompt_id, key=key, share=share):
        assert is_drawn(prompt_id, key=key, share=min(1.0, share + 0.1))


def test_another_key_draws_others() -> None:
    drawn = [{n for n in range(2000) if is_drawn(n, key=key, share=0.05)} for key in (b"one", b"two")]
    assert len(drawn[0] & drawn[1]) < len(drawn[0]) / 3


def test_personal_data_comes_before_other_flags_and_both_before_a_sample() -> None:
    assert place_of_flagged({"P7", "P2"}) == place_for(Reason.PERSONAL_DATA)
    assert place_of_flagged({"P7"}).band == 2
    assert place_of_flagged(set()).reason is Reason.FLAGGED
    bands = [place_for(reason).band for reason in (Reason.PERSONAL_DATA, Reason.FLAGGED, Reason.SAMPLE)]
    assert bands == sorted(bands)
    assert 0 not in {place_for(reason).band for reason in Reason}
