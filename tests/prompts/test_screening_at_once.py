"""Two prompts screened at the same moment, on two real connections."""

import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from django.db import connection, connections, transaction

from apps.prompts.models import Cluster, Prompt, PromptSignature, PromptState
from apps.prompts.services import screen_prompt, submit_prompt
from tests.conftest import NOON, make_contributor, make_person
from tests.prompts.writing import SCREENING, written

FIRST = (
    "Como faço um pão de fermentação natural em casa, sem batedeira, com farinha comum, e quanto tempo a massa deve "
    "descansar antes de ir ao forno?"
)
SECOND = FIRST.replace("em casa, ", "")

pytestmark = pytest.mark.committed


@contextmanager
def own_connection() -> Iterator[None]:
    """Close this thread's connection at its end, or the clone could not be dropped."""
    try:
        yield
    finally:
        connections.close_all()


def side_by_side(*acts: Callable[[], object]) -> list[object]:
    """Run each act in a thread of its own and return what they return."""

    def run(act: Callable[[], object]) -> object:
        with own_connection():
            return act()

    with ThreadPoolExecutor(len(acts)) as threads:
        return list(threads.map(run, acts))


def screen(prompt: Prompt) -> Prompt:
    return screen_prompt(actor=SCREENING, prompt_id=prompt.pk, now=NOON)


def test_two_near_identical_prompts_do_not_both_found_a_cluster() -> None:
    ada, mallory = make_person("ada"), make_person("mallory")
    for person in (ada, mallory):
        make_contributor(person)
    first, second = written(ada, FIRST), written(mallory, SECOND)
    inside, go_on = threading.Event(), threading.Event()

    def slowly() -> None:
        with transaction.atomic():
            screen(first)
            inside.set()
            # The other one has to wait for this transaction's end, or it would see no founder.
            assert not go_on.wait(0.5)

    def meanwhile() -> None:
        inside.wait(10)
        screen(second)
        go_on.set()

    side_by_side(slowly, meanwhile)
    assert Cluster.objects.count() == 1
    assert PromptSignature.objects.filter(is_founder=True).get().prompt == first
    assert Prompt.objects.get(pk=second.pk).cluster == Prompt.objects.get(pk=first.pk).cluster


def test_one_prompt_screened_twice_at_once_is_screened_once() -> None:
    ada = make_person("ada")
    make_contributor(ada)
    prompt = written(ada, FIRST)
    inside = threading.Event()
    release = threading.Event()

    def slowly() -> None:
        with transaction.atomic():
            screen(prompt)
            inside.set()
            release.wait(10)

    def meanwhile() -> str:
        inside.wait(10)
        # The row is held by the other, so this one steps over it at once instead of waiting.
        state = screen(prompt).state
        release.set()
        return str(state)

    assert side_by_side(slowly, meanwhile)[1] == PromptState.SUBMITTED
    assert Prompt.objects.get(pk=prompt.pk).state == PromptState.APPROVED
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM audit_entry WHERE event = 'prompts.screened'")
        assert cursor.fetchone() == (1,)


def test_two_clicks_at_once_make_one_prompt() -> None:
    ada = make_person("ada")
    make_contributor(ada)
    key = uuid.uuid4()
    both = threading.Barrier(2, timeout=10)

    def click() -> int:
        both.wait()
        return submit_prompt(
            actor=ada.as_actor(), text=FIRST, language="pt", category="advice", submission_key=key, now=NOON
        ).pk

    first, second = side_by_side(click, click)
    assert first == second
    assert Prompt.objects.filter(submission_key=key).count() == 1
