"""What the moderators' desk did about prompts that the rule approved: its decisions, and the readings afterwards.

There are some thousands of these, so they are copied like battles; whatever is decided against somebody goes through
the services (``rare.py``).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Final

from django.conf import settings

from apps.audit.domain.actor import Actor
from apps.moderation.domain.priority import Reason, place_for
from apps.moderation.domain.sampling import is_drawn
from apps.moderation.events import ModerationEvent
from apps.moderation.models import Action, Case, CaseKind, CaseState, Decision, DecisionSource
from apps.policy.queries import clause, current_version
from apps.prompts.models import PromptState
from showdown.demo.loading.pool import PooledPrompt
from showdown.demo.loading.stage import Stage
from showdown.demo.loading.tables import Row, copy_rows, next_id
from showdown.demo.loading.trail import Trail
from showdown.demo.prompts import Kind

SWEEP: Final = Actor.system("moderation.sweep")
SWEEP_EVERY: Final = timedelta(minutes=1)
_RULE: Final = "P1"
_TIMES: Final = "M4"
_LEASE: Final = "M3"
# How long a reading afterwards waits, at most and usually; after a week it is late.
_WAITS: Final = timedelta(days=6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """The rulebook's numbers that the desk goes by."""

    policy_version: int
    newcomer_first: int
    sample_share: float
    sample_hours: float

    @classmethod
    def in_force(cls) -> "Numbers":
        """Return those in force."""
        rule, times = clause(_RULE).parameters, clause(_TIMES).parameters
        return cls(
            policy_version=current_version(),
            newcomer_first=int(rule["newcomer_first"]),
            sample_share=float(rule["sample_share"]),
            sample_hours=float(times["sample"]),
        )


def load_desk(
    pool: Sequence[PooledPrompt], *, stage: Stage, trail: Trail, chance: Random, now: datetime
) -> dict[int, int]:
    """Write the rule's decisions and the cases of what is read afterwards; most are read and confirmed.

    Returns the ids of the open cases by the prompt's number, for those that a person will find cruel.
    """
    numbers = Numbers.in_force()
    desk = _Desk(stage, trail, chance, numbers, now)
    earlier: Counter[int] = Counter()
    for pooled in pool:
        before = earlier[pooled.prompt.author]
        earlier[pooled.prompt.author] += 1
        if pooled.state == PromptState.APPROVED:
            desk.note(pooled, _read_afterwards(pooled.id, before, numbers))
    copy_rows(Case, desk.cases)
    copy_rows(Decision, desk.decisions)
    trail.write()
    return desk.found_cruel


def _read_afterwards(prompt_id: int, earlier: int, numbers: Numbers) -> Reason | None:
    if earlier < numbers.newcomer_first:
        return Reason.NEWCOMER
    key = settings.SECRET_KEY.encode()
    return Reason.SAMPLE if is_drawn(prompt_id, key=key, share=numbers.sample_share) else None


class _Desk:
    """Rows of cases and decisions as they are made."""

    def __init__(self, stage: Stage, trail: Trail, chance: Random, numbers: Numbers, now: datetime) -> None:
        self.trail, self.chance, self.numbers, self.now = trail, chance, numbers, now
        self.readers = [(stage.staff[name].pk, stage.actor(name)) for name in ("grace", "alan")]
        self.cases: list[Row] = []
        self.decisions: list[Row] = []
        self.found_cruel: dict[int, int] = {}
        self._case_id, self._decision_id = next_id(Case), next_id(Decision)

    def note(self, pooled: PooledPrompt, reason: Reason | None) -> None:
        """Write what the rule decided on a prompt and, if a person reads it afterwards, what came of that."""
        approved_at = pooled.prompt.screened_at
        swept_at = approved_at + SWEEP_EVERY * self.chance.random()
        if swept_at >= self.now:
            return
        rule_decision = self._decide(
            pooled,
            case_id=None,
            action=Action.APPROVE,
            by=None,
            actor=SWEEP,
            supersedes=None,
            at=approved_at,
            told_at=swept_at,
        )
        if reason is None:
            return
        case_id, self._case_id = self._case_id, self._case_id + 1
        place = place_for(reason)
        taken_at = swept_at + _WAITS * self.chance.betavariate(1.2, 2.5)
        decided_at = taken_at + timedelta(seconds=self.chance.uniform(20, 240))
        is_read = decided_at < self.now and pooled.prompt.kind is not Kind.CRUEL
        if pooled.prompt.kind is Kind.CRUEL:
            self.found_cruel[pooled.prompt.number] = case_id
        self.cases.append((
            case_id, CaseKind.PROMPT.value, pooled.id, None, None, None,
            CaseState.DECIDED.value if is_read else CaseState.OPEN.value, place.band, place.reason.value,
            pooled.prompt.language, swept_at, approved_at + timedelta(hours=self.numbers.sample_hours), None, None,
            decided_at if is_read else None, None, "", "",
        ))  # fmt: skip
        case = f"moderation.case:{case_id}"
        self.trail.record(
            ModerationEvent.CASE_OPENED,
            actor=SWEEP,
            subject=case,
            at=swept_at,
            clause=_TIMES,
            facts={"kind": CaseKind.PROMPT.value, "on": pooled.ref, "band": place.band, "reason": place.reason.value},
        )
        if is_read:
            reader_id, reader = self.chance.choice(self.readers)
            self.trail.record(ModerationEvent.TAKEN, actor=reader, subject=case, at=taken_at, clause=_LEASE)
            self._decide(
                pooled,
                case_id=case_id,
                action=Action.APPROVE,
                by=reader_id,
                actor=reader,
                supersedes=rule_decision,
                at=decided_at,
                told_at=decided_at,
            )

    def _decide(
        self,
        pooled: PooledPrompt,
        *,
        case_id: int | None,
        action: Action,
        by: int | None,
        actor: Actor,
        supersedes: int | None,
        at: datetime,
        told_at: datetime,
    ) -> int:
        decision_id, self._decision_id = self._decision_id, self._decision_id + 1
        source = DecisionSource.RULE if case_id is None else DecisionSource.PERSON
        version = self.numbers.policy_version
        self.decisions.append((
            decision_id, case_id, pooled.id, None, action.value, source.value, by, version, _RULE, "", "", supersedes,
            at, at,
        ))  # fmt: skip
        facts: dict[str, str | int] = {
            "action": action.value,
            "source": source.value,
            "on": pooled.ref,
            "policy_version": version,
        }
        if case_id is not None:
            facts |= {
                "case": f"moderation.case:{case_id}",
                "reason": "",
                "supersedes": f"moderation.decision:{supersedes}" if supersedes else "",
            }
        self.trail.record(
            ModerationEvent.DECIDED,
            actor=actor,
            subject=f"moderation.decision:{decision_id}",
            at=told_at,
            clause=_RULE,
            facts=facts,
        )
        return decision_id
