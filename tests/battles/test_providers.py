"""Providers over a real connection on this machine: good ones, and every kind of bad one."""

import asyncio
import time
from collections.abc import AsyncGenerator

import pytest

from apps.battles.gateways import (
    Limits,
    ProviderFault,
    RecordedProvider,
    ScriptedProvider,
    guarded,
    provider_of,
)
from apps.battles.gateways.openai_http import OpenAIProvider
from apps.battles.gateways.recorded import recorded_answer
from apps.battles.models import Endpoint, Provider, VoidReason
from tests.battles.model_server import GOOD_ANSWER, ModelServer

# Generous, since the machine may be busy; what waits for a limit has a short one of that kind.
LIMITS = Limits(total_seconds=20.0, stall_seconds=10.0, characters=20_000)
SHORT = {
    VoidReason.STALLED: Limits(total_seconds=20.0, stall_seconds=0.5, characters=20_000),
    VoidReason.TOO_SLOW: Limits(total_seconds=1.0, stall_seconds=10.0, characters=20_000),
}
QUESTION = "How many minutes are in an hour?"


def endpoint_at(address: str, *, key: str = "") -> Endpoint:
    return Endpoint(pk=7, provider=Provider.OPENAI, base_url=address, remote_name="m-1", key_reference=key)


def whole(pieces: AsyncGenerator[str, None], limits: Limits = LIMITS) -> list[str]:
    async def collect() -> list[str]:
        return [piece async for piece in guarded(pieces, limits)]

    return asyncio.run(collect())


def answer_from(address: str, *, key: str = "", limits: Limits = LIMITS) -> list[str]:
    return whole(OpenAIProvider(limits=limits).stream(QUESTION, endpoint_at(address, key=key)), limits)


def fault_of(address: str, *, limits: Limits = LIMITS) -> VoidReason:
    with pytest.raises(ProviderFault) as fault:
        answer_from(address, limits=limits)
    return fault.value.reason


def test_a_good_answer_arrives_piece_by_piece_and_is_asked_for_once(models_at: ModelServer) -> None:
    assert answer_from(models_at.address()) == list(GOOD_ANSWER)
    [asked] = models_at.requests
    assert asked.body["messages"] == [{"role": "user", "content": QUESTION}]
    assert asked.body["model"] == "m-1"
    assert asked.body["stream"] is True


def test_pieces_are_passed_on_as_they_come(models_at: ModelServer) -> None:
    async def first_seen() -> float:
        started = time.monotonic()
        pieces = OpenAIProvider(limits=LIMITS).stream(QUESTION, endpoint_at(models_at.address("slowly")))
        async for _piece in pieces:
            await pieces.aclose()
            break
        return time.monotonic() - started

    # The whole answer takes a second and a half.
    assert asyncio.run(first_seen()) < 1.0


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        ("refuses", VoidReason.FAILED),
        ("busy", VoidReason.FAILED),
        ("unauthorized", VoidReason.FAILED),
        ("redirect", VoidReason.FAILED),
        ("compressed", VoidReason.FAILED),
        ("error_event", VoidReason.FAILED),
        ("html", VoidReason.GARBAGE),
        ("json", VoidReason.GARBAGE),
        ("garbage", VoidReason.GARBAGE),
        ("malformed", VoidReason.GARBAGE),
        ("control", VoidReason.GARBAGE),
        ("surrogate", VoidReason.GARBAGE),
        ("empty", VoidReason.EMPTY),
        ("blank", VoidReason.EMPTY),
        ("nothing", VoidReason.CUT),
        ("cut", VoidReason.CUT),
        ("dropped", VoidReason.CUT),
        ("filtered", VoidReason.CUT),
        ("length", VoidReason.ENDLESS),
        ("endless", VoidReason.ENDLESS),
        ("endless_line", VoidReason.ENDLESS),
        ("stall", VoidReason.STALLED),
        ("silent", VoidReason.STALLED),
        ("heartbeat", VoidReason.STALLED),
        ("drip", VoidReason.TOO_SLOW),
    ],
)
def test_a_bad_provider_is_a_fault_with_its_reason_and_is_not_asked_again(
    models_at: ModelServer, behaviour: str, reason: VoidReason
) -> None:
    started = time.monotonic()
    assert fault_of(models_at.address(behaviour), limits=SHORT.get(reason, LIMITS)) == reason
    assert time.monotonic() - started < LIMITS.stall_seconds
    assert len(models_at.requests) == 1


def test_a_fault_closes_the_connection(models_at: ModelServer) -> None:
    fault_of(models_at.address("stall"), limits=SHORT[VoidReason.STALLED])
    until = time.monotonic() + 3
    while models_at.open_streams and time.monotonic() < until:
        time.sleep(0.02)
    assert models_at.open_streams == 0


def test_nobody_listening_is_a_fault() -> None:
    assert fault_of("http://127.0.0.1:9/v1") == VoidReason.FAILED


def test_the_key_is_read_when_it_is_used(models_at: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    address, name = models_at.address(), "SHOWDOWN_MODEL_KEY_FJORD"
    monkeypatch.delenv(name, raising=False)
    with pytest.raises(ProviderFault):
        answer_from(address, key=name)
    assert models_at.requests == []
    for value in ("first", "second"):
        monkeypatch.setenv(name, value)
        answer_from(address, key=name)
    assert [asked.headers["authorization"] for asked in models_at.requests] == ["Bearer first", "Bearer second"]


def test_the_environments_proxy_and_other_secrets_are_not_used(
    models_at: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("OPENAI_API_KEY", "somebody else's")
    assert answer_from(models_at.address()) == list(GOOD_ANSWER)
    assert "somebody else's" not in str(models_at.requests[0].headers)


def test_a_fault_quotes_neither_question_nor_answer(models_at: ModelServer, caplog: pytest.LogCaptureFixture) -> None:
    for behaviour in ("refuses", "error_event", "garbage"):
        with pytest.raises(ProviderFault) as fault:
            answer_from(models_at.address(behaviour))
        assert "minutes" not in str(fault.value)
    assert "minutes" not in caplog.text
    assert "Sixty" not in caplog.text


def test_whatever_a_library_raises_is_a_fault() -> None:
    async def broken() -> AsyncGenerator[str, None]:
        yield "Sixty"
        raise ZeroDivisionError("Sixty minutes")

    with pytest.raises(ProviderFault) as fault:
        whole(broken())
    assert fault.value.reason == VoidReason.FAILED


def test_the_limit_on_silence_starts_anew_with_every_piece() -> None:
    limits = Limits(total_seconds=20.0, stall_seconds=1.0, characters=100)
    provider = ScriptedProvider(["a"] * 8, pause=0.25)
    assert whole(provider.stream(QUESTION, Endpoint()), limits) == ["a"] * 8
    with pytest.raises(ProviderFault) as fault:
        whole(ScriptedProvider(["a"], then_silent=True).stream(QUESTION, Endpoint()), limits)
    assert fault.value.reason == VoidReason.STALLED


def test_a_recorded_model_speaks_word_by_word() -> None:
    endpoint = Endpoint(provider=Provider.RECORDED, remote_name="aurora-4/0.9")
    pieces = whole(RecordedProvider(haste=200).stream(QUESTION, endpoint))
    assert "".join(pieces) == recorded_answer(QUESTION, remote_name="aurora-4/0.9")
    assert len(pieces) > 20


def test_every_kind_of_endpoint_has_its_provider() -> None:
    kinds = {provider: type(provider_of(Endpoint(provider=provider))) for provider in Provider}
    assert kinds == {Provider.RECORDED: RecordedProvider, Provider.OPENAI: OpenAIProvider}
