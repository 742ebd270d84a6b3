"""What a contributor's receipt shows: their entry under the published checkpoint, and the snapshots it counted in."""

from dataclasses import dataclass

from apps.audit.flows import PublicProof, publicly_proved
from apps.audit.queries import receipt_for
from apps.battles.events import BattleEvent
from apps.battles.models import Battle, Vote
from apps.contributors.models import Contributor
from apps.policy.domain.rulebook import ClauseText
from apps.policy.queries import UnknownClause, clause
from apps.rankings.queries import CountedProof, VoteRecord, counted_proof, record_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """One vote's receipt; it holds no choice. ``counted`` proves the newest snapshot in which the vote counts."""

    battle: Battle
    vote: Vote
    entry: PublicProof | None
    record: VoteRecord
    counted: CountedProof | None
    clause: ClauseText | None


def receipt(contributor: Contributor, battle_id: int) -> Receipt | None:
    """Return the receipt of one's own vote, or None when there is no such vote of theirs."""
    vote = Vote.objects.of(contributor).filter(battle_id=battle_id).select_related("battle__prompt").first()
    if vote is None:
        return None
    record = record_of(vote)
    now = record.now
    entry = publicly_proved(lambda size: receipt_for(vote.battle.ref, BattleEvent.VOTE_CAST, size=size))
    return Receipt(
        battle=vote.battle,
        vote=vote,
        entry=entry,
        record=record,
        counted=counted_proof(vote, record.newest.pk)
        if record.newest is not None and now is not None and now.counted
        else None,
        clause=_clause_of(now.clause if now is not None else vote.excluded_under),
    )


def _clause_of(number: str) -> ClauseText | None:
    try:
        return clause(number) if number else None
    except UnknownClause:
        return None


def receipt_document(found: Receipt) -> dict[str, object] | None:
    """Return the receipt as ``showdown-verify`` reads it, with the proof of counting; None while the entry waits."""
    if found.entry is None or found.entry.inclusion is None:
        return None
    document = found.entry.as_json(found.entry.inclusion)
    if (counted := found.counted) is not None and counted.fault is None:
        document["counted"] = {
            "snapshot": counted.snapshot,
            "votes_root": counted.root.hex(),
            "votes": counted.size,
            "index": counted.index,
            "leaf_hash": counted.leaf.hex(),
            "proof": [value.hex() for value in counted.proof],
        }
    return document
