"""What is rare goes through the services, each at the moment in history at which it happened.

Flagged prompts decided, appeals heard, voters tested and judged, consents and prompts taken back.
"""

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Final

from apps.accounts.models import InboxMessage
from apps.accounts.services import mark_read
from apps.audit.domain.actor import Actor
from apps.audit.services import record_refusal
from apps.battles.models import Choice, Vote
from apps.battles.services import AlreadyVoted, cast_vote
from apps.contributors.models import ConsentKind
from apps.contributors.services import withdraw_consent
from apps.integrity.models import Finding, FindingState
from apps.integrity.services import test_voters_tonight
from apps.moderation.models import Action, Case, Decision
from apps.moderation.services import (
    decide_appeal,
    decide_finding,
    decide_prompt,
    make_appeal,
    open_finding_case,
    open_prompt_case,
    take_case,
)
from apps.prompts.models import Prompt, PromptState
from apps.prompts.services import withdraw_prompt
from showdown.demo.chance import happens
from showdown.demo.loading.crowd import Member
from showdown.demo.loading.desk import SWEEP, SWEEP_EVERY
from showdown.demo.loading.nights import rank
from showdown.demo.loading.pool import PooledPrompt
from showdown.demo.loading.stage import Stage
from showdown.demo.people import ADA, Habit
from showdown.demo.reasons import APPEALS, APPROVED_AFTER_ALL, CARELESS, HEARD, REJECTED

_TESTS: Final = Actor.system("integrity.nightly")
FIRST_TEST, SECOND_TEST = timedelta(days=16), timedelta(hours=19)
_APPEALS: Final = 8, 4
"""At most so many appeals against old decisions on prompts, and against those of the last days."""
# What became of the first appeal against leaving somebody's votes out, by what they had done.
_OUTCOMES: Final = {Habit.COIN: Action.UPHOLD, Habit.RIGGING: Action.UPHOLD, Habit.LEFT: Action.OVERTURN}
_SECOND_VOTES: Final = 12
_NIGHTS: Final = (15, 8, 1)
"""How many days ago the boards were computed at night, beside tonight."""
_TAKE_ONE_BACK: Final = 0.05
"""The share of authors who withdraw their first prompt one day."""


Act = Callable[[datetime], object]


@dataclass(slots=True)
class Agenda:
    """Acts with their times, done in the order of time, whatever the order in which they were thought of."""

    acts: list[tuple[datetime, int, Act]] = field(default_factory=list)
    planned: int = 0

    def add(self, at: datetime, act: Act) -> None:
        """Plan an act."""
        self.planned += 1
        heapq.heappush(self.acts, (at, self.planned, act))

    def carry_out(self, tick: Callable[[int, int], None]) -> None:
        """Do all of it; an act may plan further ones, later than itself. ``tick`` hears how many of how many."""
        done = 0
        while self.acts:
            at, _place, act = heapq.heappop(self.acts)
            act(at)
            done += 1
            tick(done, self.planned)


class RareThings:
    """Everything that a person decided, or took back, in the network's history."""

    def __init__(
        self,
        *,
        stage: Stage,
        members: Sequence[Member],
        pool: Sequence[PooledPrompt],
        cruel_cases: dict[int, int],
        chance: Random,
        start: datetime,
        now: datetime,
    ) -> None:
        self.stage, self.members, self.pool, self.cruel_cases = stage, members, pool, cruel_cases
        self.chance, self.start, self.now = chance, start, now
        self.moderators = {name: stage.actor(name) for name in ("grace", "alan")}
        self.by_account = {member.actor.account_id: member for member in members}
        self.agenda = Agenda()
        self.outcomes = dict(_OUTCOMES)
        self.old_appeals, self.fresh_appeals = _APPEALS

    def happen(self, tick: Callable[[int, int], None]) -> None:
        """Let all of it happen in its order."""
        for pooled in self.pool:
            self._plan_prompt(pooled)
        for member in self.members:
            self._plan_second_thoughts(member)
        self.agenda.add(self.now - FIRST_TEST, self._test_voters)
        self.agenda.add(self.now - SECOND_TEST, self._test_voters)
        for days in _NIGHTS:
            night = (self.now - timedelta(days=days)).replace(hour=2, minute=0, second=0, microsecond=0)
            self.agenda.add(night, lambda at: rank(now=at, night=at.date()))
        self._plan_second_votes()
        self.agenda.carry_out(tick)
        self._read_inbox()

    # --- Prompts ---

    def _plan_prompt(self, pooled: PooledPrompt) -> None:
        prompt = pooled.prompt
        if pooled.state == PromptState.AWAITING_REVIEW:
            opens_at = prompt.screened_at + SWEEP_EVERY * self.chance.random()
            if opens_at < self.now:
                self.agenda.add(opens_at, lambda at: self._open_case(pooled, at))
        elif prompt.number in self.cruel_cases and prompt.decided_after is not None:
            case_id = self.cruel_cases[prompt.number]
            at = prompt.screened_at + prompt.decided_after
            if at < self.now:
                self.agenda.add(at, lambda at: self._decide_prompt(case_id, pooled, at))

    def _open_case(self, pooled: PooledPrompt, at: datetime) -> None:
        case = open_prompt_case(actor=SWEEP, prompt_id=pooled.id, now=at)
        # Screening may have flagged what was meant to be clean, such as the same words by chance: a person looks.
        after = pooled.prompt.decided_after or (None if pooled.prompt.waits else timedelta(hours=5))
        if after is not None and pooled.prompt.screened_at + after < self.now:
            decided_at = max(pooled.prompt.screened_at + after, at + timedelta(minutes=2))
            self.agenda.add(decided_at, lambda at: self._decide_prompt(case.pk, pooled, at))

    def _decide_prompt(self, case_id: int, pooled: PooledPrompt, at: datetime) -> None:
        actor = self.moderators[self.chance.choice(("grace", "alan"))]
        clause = pooled.prompt.rejected_under
        reasons = REJECTED[clause] if clause else APPROVED_AFTER_ALL
        case = take_case(actor=actor, case_id=case_id, now=at - timedelta(seconds=self.chance.uniform(40, 400)))
        decision = decide_prompt(
            actor=actor,
            case=case,
            action=Action.REJECT if clause else Action.APPROVE,
            clause=clause or "P1",
            reason=self.chance.choice(reasons),
            now=at,
        )
        if clause:
            self._perhaps_appeal(decision, self.members[pooled.prompt.author], at)

    # --- Appeals ---

    def _perhaps_appeal(self, decision: Decision, member: Member, at: datetime) -> None:
        # Some of all times, and more of the last days, which nobody has heard yet.
        is_fresh = self.now - at < timedelta(days=4)
        share, left = (0.6, self.fresh_appeals) if is_fresh else (0.1, self.old_appeals)
        appeals_at = at + timedelta(hours=self.chance.uniform(1, 30))
        if member.person.number == ADA or not left or appeals_at >= self.now or not happens(self.chance, share):
            return
        self.fresh_appeals -= is_fresh
        self.old_appeals -= not is_fresh
        self.agenda.add(appeals_at, lambda at: self._appeal(decision, member, at))

    def _appeal(self, decision: Decision, member: Member, at: datetime, *, outcome: Action | None = None) -> None:
        text = self.chance.choice(APPEALS[decision.clause])
        appeal = make_appeal(actor=member.actor, decision_id=decision.pk, text=text, now=at)
        heard_at = at + timedelta(hours=self.chance.uniform(8, 90))
        action = outcome or self.chance.choice((Action.UPHOLD, Action.UPHOLD, Action.OVERTURN))
        other = next(actor for actor in self.moderators.values() if actor.account_id != decision.decided_by_id)
        if heard_at < self.now:
            self.agenda.add(heard_at, lambda at: self._hear(Case.objects.get(appeal=appeal), other, action, at))

    def _hear(self, case: Case, actor: Actor, action: Action, at: datetime) -> None:
        case = take_case(actor=actor, case_id=case.pk, now=at - timedelta(minutes=6))
        decide_appeal(actor=actor, case=case, action=action, reason=self.chance.choice(HEARD[action]), now=at)

    # --- Voters ---

    def _test_voters(self, at: datetime) -> None:
        test_voters_tonight(actor=_TESTS, now=at)
        for finding in Finding.objects.filter(state=FindingState.OPEN, found_at=at).order_by("pk"):
            opens_at = at + SWEEP_EVERY * self.chance.random()
            self.agenda.add(opens_at, partial(self._open_finding, finding))

    def _open_finding(self, finding: Finding, at: datetime) -> None:
        case = open_finding_case(actor=SWEEP, finding_id=finding.pk, now=at)
        judged_at = at + timedelta(hours=self.chance.uniform(20, 70))
        if judged_at < self.now:
            self.agenda.add(judged_at, lambda at: self._judge(case.pk, finding, at))

    def _judge(self, case_id: int, finding: Finding, at: datetime) -> None:
        member = next(m for m in self.members if m.contributor_id == finding.contributor_id)
        actor = self.moderators[self.chance.choice(("grace", "alan"))]
        is_cheat = member.person.habit is not Habit.HONEST
        action = Action.EXCLUDE_VOTES if is_cheat else Action.DISMISS
        case = take_case(actor=actor, case_id=case_id, now=at - timedelta(minutes=9))
        decision = decide_finding(
            actor=actor, case=case, action=action, clause="I1", reason=self.chance.choice(CARELESS[action]), now=at
        )
        outcome = self.outcomes.pop(member.person.habit, None)
        if outcome is not None:
            self.agenda.add(at + timedelta(hours=30), lambda at: self._appeal(decision, member, at, outcome=outcome))

    # --- Second votes, which nobody gets ---

    def _plan_second_votes(self) -> None:
        ids = list(Vote.objects.order_by("pk").values_list("pk", flat=True))
        chosen = self.chance.sample(ids, _SECOND_VOTES)
        votes = Vote.objects.select_related("battle").in_bulk(chosen)
        for vote in (votes[vote_id] for vote_id in chosen):
            again_at = vote.cast_at + timedelta(seconds=self.chance.uniform(1, 30))
            if again_at < self.now:
                self.agenda.add(again_at, partial(self._vote_again, vote))

    def _vote_again(self, vote: Vote, at: datetime) -> None:
        """Press the button again in another tab; the refusal is written as the web's edge writes it."""
        actor = next(m.actor for m in self.members if m.contributor_id == vote.contributor_id)
        try:
            cast_vote(actor=actor, battle=vote.battle, choice=Choice(vote.choice), now=at)
        except AlreadyVoted as refused:
            record_refusal(refused, actor=actor, attempted="battles:vote", at=at)

    # --- Second thoughts ---

    def _plan_second_thoughts(self, member: Member) -> None:
        share = self.chance.uniform(0.5, 0.95)
        at = member.joined_at + share * (self.now - member.joined_at)
        if member.person.withdraws:
            self.agenda.add(at, lambda at: withdraw_consent(actor=member.actor, kind=ConsentKind.LICENSING, now=at))
        if member.person.number != ADA and happens(self.chance, _TAKE_ONE_BACK):
            first = next((pooled for pooled in self.pool if pooled.prompt.author == member.person.number), None)
            back_at = first.prompt.screened_at + timedelta(days=30 * share) if first else self.now
            if first is not None and back_at < self.now:
                self.agenda.add(back_at, partial(self._take_back, first, member))

    def _take_back(self, pooled: PooledPrompt, member: Member, at: datetime) -> None:
        prompt = Prompt.objects.get(pk=pooled.id)
        if prompt.state == PromptState.APPROVED:
            withdraw_prompt(actor=member.actor, prompt=prompt, clause=None, now=at)

    def _read_inbox(self) -> None:
        """Let Ada have read all of her notices but the newest two."""
        ada = self.members[ADA]
        notices = InboxMessage.objects.filter(recipient_id=ada.actor.account_id).order_by("-created_at")
        for notice in list(notices)[:1:-1]:
            read_at = min(notice.created_at + timedelta(hours=7), self.now)
            mark_read(actor=ada.actor, message_id=notice.pk, now=read_at)
