"""The policy file: a strict majority of the witnesses that the log asks, in the form that others read."""

from hypothesis import given
from hypothesis import strategies as st

from apps.audit.domain.policy_text import PolicyWitness, policy_text, quorum_of

ADDRESS = "https://showdown.example/log"


def witness(number: int, address: str = "https://elm.example") -> PolicyWitness:
    name = f"elm.example/w{number}"
    return PolicyWitness(name=name, vkey=f"{name}+0a1b2c3d+BAID", address=address)


def policy(*witnesses: PolicyWitness, keys: tuple[str, ...] = ("log.example+0a1b2c3d+AQID",)) -> list[str]:
    text = policy_text(log_vkeys=keys, log_address=ADDRESS, witnesses=witnesses)
    assert text.endswith("\n")
    return [line for line in text.splitlines() if not line.startswith("#")]


def test_without_a_witness_the_quorum_is_none() -> None:
    assert policy() == [f"log log.example+0a1b2c3d+AQID {ADDRESS}", "quorum none"]


def test_one_witness_must_have_signed() -> None:
    assert policy(witness(1))[1:] == [
        "witness elm.example/w1 elm.example/w1+0a1b2c3d+BAID https://elm.example",
        "group majority 1 elm.example/w1",
        "quorum majority",
    ]


def test_both_keys_of_a_log_stand_there_while_one_replaces_the_other() -> None:
    keys = ("log.example+0a1b2c3d+AQID", "log.example+0a1b2c3e+AQIE")
    assert [line.split()[1] for line in policy(keys=keys) if line.startswith("log ")] == list(keys)


def test_who_only_pulls_is_named_and_does_not_count() -> None:
    lines = policy(witness(1), witness(2, ""), witness(3))
    assert "group majority 2 elm.example/w1 elm.example/w3" in lines
    text = policy_text(log_vkeys=(), log_address=ADDRESS, witnesses=[witness(2, "")])
    assert "# elm.example/w2 only pulls" in text
    assert text.endswith("quorum none\n")


@given(st.integers(1, 200))
def test_two_majorities_always_share_a_witness(witnesses: int) -> None:
    quorum = quorum_of(witnesses)
    assert 2 * quorum > witnesses
    assert quorum <= witnesses
    assert 2 * (quorum - 1) <= witnesses
