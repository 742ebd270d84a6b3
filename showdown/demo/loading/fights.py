"""The battles as rows: opened, answered, voted on or ended otherwise, with their four entries each."""

import secrets
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from random import Random
from typing import Any

import psycopg
from django.db.models import Model

from apps.audit.domain.actor import Actor
from apps.audit.domain.canonical import JSON
from apps.battles.domain.facts import (
    facts_of_draw,
    facts_of_opened_draw,
    facts_of_opening,
    facts_of_voiding,
    facts_of_vote,
    text_of_draw,
)
from apps.battles.events import BattleEvent
from apps.battles.models import Battle, BattleState, EndpointFailure, LanguageModel, Response, Side, Source, Vote
from apps.contributors.models import ProofLevel
from showdown.demo.loading.crowd import Member
from showdown.demo.loading.pool import PooledPrompt
from showdown.demo.loading.tables import COLUMNS, Row, continue_after_copied, copy_into, driver_connection, next_id
from showdown.demo.loading.trail import Trail, Waiting
from showdown.demo.network import DemoBattle

_ANSWERS = Actor.system("battles.answers")
_EXPIRY = Actor.system("battles.expire_due")
_NONCE_BYTES = 16
_AT_ONCE = 4_000


class Fights:
    """Writes battles a few thousand at a time, so that no more than that is held twice in memory."""

    def __init__(
        self,
        *,
        members: Sequence[Member],
        pool: Sequence[PooledPrompt],
        models: Sequence[LanguageModel],
        endpoints: Sequence[int],
        trail: Trail,
        chance: Random,
    ) -> None:
        self.members, self.pool = members, pool
        self.models, self.endpoints = [model.pk for model in models], list(endpoints)
        self.trail, self.chance = trail, chance
        tables: tuple[type[Model], ...] = (Battle, Response, EndpointFailure, Vote)
        self.rows: dict[type[Model], list[Row]] = {table: [] for table in tables}
        self.next = {table: next_id(table) for table in tables}

    def load(self, battles: Sequence[DemoBattle], tick: Callable[[int], None]) -> None:
        """Write all battles with their answers, votes and entries.

        A second thread copies what is ready, so that the server works while the next rows are made; nobody else uses
        the connection meanwhile.
        """
        below = driver_connection()
        with ThreadPoolExecutor(max_workers=1) as writer:
            copied: Future[None] = writer.submit(lambda: None)
            for done, battle in enumerate(battles):
                self._note(battle)
                if len(self.rows[Battle]) == _AT_ONCE:
                    copied.result()
                    copied = writer.submit(_copy, below, *self._taken())
                    tick(done)
            copied.result()
            writer.submit(_copy, below, *self._taken()).result()
        for table in self.rows:
            continue_after_copied(table)

    def _taken(self) -> tuple[dict[type[Model], list[Row]], Waiting]:
        rows, self.rows = self.rows, {table: [] for table in self.rows}
        return rows, self.trail.taken()

    def _add(self, table: type[Model], *values: object) -> int:
        row_id = self.next[table]
        self.next[table] += 1
        self.rows[table].append((row_id, *values))
        return row_id

    def _key(self) -> uuid.UUID:
        return uuid.UUID(int=self.chance.getrandbits(128), version=4)

    def _note(self, battle: DemoBattle) -> None:
        member, pooled = self.members[battle.voter], self.pool[battle.prompt]
        is_voted = battle.state == BattleState.VOTED
        last_event_at = (battle.ended_at if is_voted else battle.answered_at) or battle.opened_at
        left, right, key = self.models[battle.left], self.models[battle.right], self._key()
        endpoints = self.endpoints[battle.left], self.endpoints[battle.right]
        battle_id = self._add(
            Battle, Source.PLATFORM.value, None, pooled.id, member.contributor_id, left, right, *endpoints,
            battle.probability, pooled.prompt.language, pooled.prompt.category, battle.state.value, is_voted, None,
            battle.void_reason.value if battle.void_reason else "", key, battle.opened_at, battle.asked_at,
            last_event_at,
        )  # fmt: skip
        subject = f"battles.battle:{battle_id}"
        draw = facts_of_draw(
            left=left,
            right=right,
            left_endpoint=endpoints[0],
            right_endpoint=endpoints[1],
            probability=battle.probability,
        )
        commitment, salt = self.trail.commit_and_open(text_of_draw(draw), subject=f"battles.draw:{key}")
        self.trail.record(
            BattleEvent.OPENED,
            actor=member.actor,
            subject=subject,
            at=battle.opened_at,
            facts=facts_of_opening(
                prompt=pooled.ref,
                cluster_id=pooled.cluster_id,
                draw_commitment=commitment,
            ),
        )
        self.trail.record(BattleEvent.ASKED, actor=member.actor, subject=subject, at=battle.asked_at)
        self._note_answers(battle, battle_id, subject)
        opened = facts_of_opened_draw(draw, salt=salt)
        self._note_end(battle, battle_id, subject, member, pooled, opened)

    def _note_answers(self, battle: DemoBattle, battle_id: int, subject: str) -> None:
        if battle.answers is None or battle.answered_at is None:
            return
        facts = {}
        for side, answer in zip(Side, battle.answers, strict=True):
            looks = answer.measures
            self._add(
                Response, battle_id, side.value, answer.text, looks.tokens, looks.headers, looks.lists, looks.bold,
                answer.first_token_ms, answer.last_token_ms, battle.answered_at,
            )  # fmt: skip
            facts[side.value] = self.trail.commit_to(answer.text, subject=subject)
        self.trail.record(BattleEvent.ANSWERED, actor=_ANSWERS, subject=subject, at=battle.answered_at, facts=facts)

    def _note_end(
        self,
        battle: DemoBattle,
        battle_id: int,
        subject: str,
        member: Member,
        pooled: PooledPrompt,
        opened: Mapping[str, JSON],
    ) -> None:
        at = battle.ended_at
        if at is None:
            return
        if battle.choice is not None:
            self._note_vote(battle, battle_id, subject, member, pooled, opened)
        elif battle.skip_reason is not None:
            facts = {"reason": battle.skip_reason.value, **opened}
            self.trail.record(BattleEvent.SKIPPED, actor=member.actor, subject=subject, at=at, facts=facts)
        elif battle.void_reason is not None:
            side, place = (Side.LEFT, battle.left) if battle.is_left_to_blame else (Side.RIGHT, battle.right)
            endpoint = self.endpoints[place]
            self._add(EndpointFailure, battle_id, endpoint, side.value, battle.void_reason.value, at)
            facts = {**facts_of_voiding(reason=battle.void_reason.value, endpoint=endpoint), **opened}
            self.trail.record(BattleEvent.VOIDED, actor=_ANSWERS, subject=subject, at=at, clause="B4", facts=facts)
        else:
            self.trail.record(BattleEvent.EXPIRED, actor=_EXPIRY, subject=subject, at=at, clause="B2", facts=opened)

    def _note_vote(
        self,
        battle: DemoBattle,
        battle_id: int,
        subject: str,
        member: Member,
        pooled: PooledPrompt,
        opened: Mapping[str, JSON],
    ) -> None:
        if battle.choice is None or battle.ended_at is None:
            return
        public_id = self._key()
        vote = f"battles.vote:{public_id}"
        commitment = self.trail.commit_to(battle.choice.value, subject=vote)
        person = member.person
        self._add(
            Vote, battle_id, member.contributor_id, public_id, secrets.token_bytes(_NONCE_BYTES), battle.choice.value,
            commitment, self._key(), battle.ended_at, person.country, pooled.prompt.language, person.profession,
            person.age_band, person.education, pooled.prompt.category, ProofLevel.SELF_DECLARED.value, "", None,
        )  # fmt: skip
        self.trail.record(
            BattleEvent.VOTE_CAST,
            actor=member.actor,
            subject=subject,
            at=battle.ended_at,
            clause="B1",
            facts={**facts_of_vote(vote=vote, commitment=commitment), **opened},
        )


def _copy(below: psycopg.Connection[Any], rows: dict[type[Model], list[Row]], log: Waiting) -> None:
    for table, waiting in rows.items():
        copy_into(below, table._meta.db_table, COLUMNS[table], waiting)
    log.copy(below)
