"""Policies in the form of C2SP tlog-policy: what they allow, and which files are none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.audit.domain.policy_text import PolicyWitness, policy_text
from showdown_verify.policy import InvalidPolicy, Policy, parse_policy
from tests.verify.paper import LOG, OTHER, WITNESSES, policy

W0, W1, W2 = (f"witness w{number} {each.vkey}" for number, each in enumerate(WITNESSES))


def met(told: Policy, *numbers: int) -> bool:
    return told.is_met({(WITNESSES[number].name, WITNESSES[number].key_id) for number in numbers})


def test_two_of_three_make_a_quorum() -> None:
    told = parse_policy(policy("g", "group g 2 w0 w1 w2"))
    assert [met(told), met(told, 0), met(told, 0, 2), met(told, 0, 1, 2)] == [False, False, True, True]
    assert told.describe() == "2 of w0, w1, w2"
    assert told.vkeys == [LOG.vkey, *(each.vkey for each in WITNESSES)]


def test_groups_of_groups() -> None:
    told = parse_policy(policy("both", "group x any w0 w1", "group both all x w2"))
    assert [met(told, 0, 1), met(told, 2), met(told, 1, 2)] == [False, False, True]


def test_one_witness_or_none_can_be_the_quorum() -> None:
    told = parse_policy(policy("w1"))
    assert [met(told, 0), met(told, 1)] == [False, True]
    nobody = parse_policy(b"quorum none\n")
    assert met(nobody)
    assert nobody.describe() == "no witness"


def test_a_name_without_its_key_id_signs_nothing() -> None:
    told = parse_policy(policy("w0"))
    assert not told.is_met({(WITNESSES[0].name, b"\x00" * 4)})


def test_blanks_comments_addresses_and_bytes_of_any_kind_are_allowed() -> None:
    told = parse_policy(
        b"# comment\n\n \t \n\t# another \xff\n"
        + f"log\t{LOG.vkey}  https://arena.example/log \n".encode()
        + f"  witness caf\u00e9 {WITNESSES[0].vkey} https://w.example\n".encode()
        + b"quorum caf\xc3\xa9"
    )
    assert met(told, 0)


def test_the_policy_that_the_log_publishes_is_read() -> None:
    witnesses = [PolicyWitness(name=each.name, vkey=each.vkey, address=f"https://{each.name}") for each in WITNESSES]
    told = parse_policy(
        policy_text(log_vkeys=[LOG.vkey], log_address="https://arena.example/log", witnesses=witnesses).encode()
    )
    assert [met(told, 0), met(told, 0, 1)] == [False, True]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"# nothing\n",
        b"quorum\n",
        b"quorum a b\n",
        b"quorum nobody\n",
        b"quorum none\nquorum none\n",
        b"quorum g\n" + f"{W0}\ngroup g any w0\n".encode(),
        b"log\nquorum none\n",
        b"log x y z\nquorum none\n",
        b"log x\nquorum none\n",
        b"logs x\nquorum none\n",
        b"QUORUM none\n",
        b"quorum none\r\n",
        b"quorum none\x00\n",
        f"log {LOG.vkey}\nlog {LOG.vkey}\nquorum none\n".encode(),
        f"log {WITNESSES[0].vkey}\nquorum none\n".encode(),
        f"witness w0 {OTHER.vkey}\nquorum none\n".encode(),
        f"{W0}\nwitness other {WITNESSES[0].vkey}\nquorum none\n".encode(),
        f"{W0}\n{W1.replace('w1', 'w0', 1)}\nquorum none\n".encode(),
        f"{W0.replace('w0', 'none', 1)}\nquorum none\n".encode(),
        f"{W0}\ngroup none any w0\nquorum none\n".encode(),
        f"{W0}\ngroup w0 any w0\nquorum none\n".encode(),
        f"{W0}\ngroup g any\nquorum none\n".encode(),
        f"{W0}\ngroup g 0 w0\nquorum none\n".encode(),
        f"{W0}\ngroup g 2 w0\nquorum none\n".encode(),
        f"{W0}\ngroup g 01 w0\nquorum none\n".encode(),
        f"{W0}\ngroup g -1 w0\nquorum none\n".encode(),
        f"{W0}\ngroup g \u0661 w0\nquorum none\n".encode(),
        f"{W0}\ngroup g {'9' * 5000} w0\nquorum none\n".encode(),
        f"{W0}\ngroup g most w0\nquorum none\n".encode(),
        f"{W0}\ngroup g any w0 w0\nquorum none\n".encode(),
        f"{W0}\n{W1}\ngroup g any w0\ngroup h any w0 w1\nquorum h\n".encode(),
        f"{W0}\ngroup g any none\nquorum none\n".encode(),
        f"{W0}\ngroup g any g\nquorum g\n".encode(),
        f"{W0}\ngroup g any h\ngroup h any w0\nquorum g\n".encode(),
        b"quorum none\n" + b"#" * 1_000_000,
        "quorum\u00a0none\n".encode(),
    ],
    ids=lambda data: repr(data[:50]),
)
def test_what_is_no_policy_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidPolicy):
        parse_policy(data)


def test_the_line_is_named() -> None:
    with pytest.raises(InvalidPolicy, match=r"^Line 3 of the policy: "):
        parse_policy(b"# one\n# two\nlog x\nquorum none\n")


@given(st.binary(max_size=200))
def test_bytes_at_random_are_refused_and_nothing_worse(data: bytes) -> None:
    try:
        parse_policy(data)
    except InvalidPolicy:
        return
    assert b"quorum" in data
