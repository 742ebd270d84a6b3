"""What waits outside the queue: ids for the sweep, the longest waiting first."""

from django.db.models import Exists, OuterRef

from apps.integrity.models import Finding, FindingState
from apps.moderation.models import Case, CaseKind, Decision
from apps.prompts.models import Prompt, PromptState


def prompts_without_case(*, limit: int) -> list[int]:
    """Return the prompts that wait for a person and have no open case."""
    has_case = Exists(Case.objects.open().filter(prompt=OuterRef("pk")))
    waiting = Prompt.objects.awaiting_review().filter(~has_case).order_by("screened_at", "pk")
    return list(waiting.values_list("pk", flat=True)[:limit])


def findings_without_case(*, limit: int) -> list[int]:
    """Return the open findings that have no open case."""
    has_case = Exists(Case.objects.open().filter(finding=OuterRef("pk")))
    waiting = Finding.objects.filter(~has_case, state=FindingState.OPEN).order_by("found_at", "pk")
    return list(waiting.values_list("pk", flat=True)[:limit])


def approved_without_decision(*, limit: int) -> list[int]:
    """Return the prompts that the rule approved and about which nothing is written down."""
    has_decision = Exists(Decision.objects.filter(prompt=OuterRef("pk")))
    waiting = Prompt.objects.filter(~has_decision, state=PromptState.APPROVED, decided_clause="P1").order_by("pk")
    return list(waiting.values_list("pk", flat=True)[:limit])


def moot_cases(*, limit: int) -> list[int]:
    """Return the open cases of prompts that their authors took back."""
    moot = Case.objects.open().filter(kind=CaseKind.PROMPT, prompt__state=PromptState.WITHDRAWN).order_by("pk")
    return list(moot.values_list("pk", flat=True)[:limit])
