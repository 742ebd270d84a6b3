"""Everything that writes to the log."""

from apps.audit.services.erasure import AlreadyForgotten, forget_again, forget_text, forget_texts_about
from apps.audit.services.keys import AlreadyRetired, NotTheOperator, UnfitKey, UnknownKey, announce_key, retire_key
from apps.audit.services.looking import NotAnAuditor, record_look
from apps.audit.services.publishing import keep_checkpoint
from apps.audit.services.recording import NoTransaction, commit_to, record, record_refusal
from apps.audit.services.recovering import NotTheSameLog, recover_entries
from apps.audit.services.sequencing import SequencerBusy, SequencerMemory, TreeIsBroken, sequence_waiting
from apps.audit.services.witnesses import (
    AlreadyAWitness,
    AlreadyEnded,
    NotAWitnessKey,
    NotYourWitness,
    ReauthenticationNeeded,
    TooManyWitnesses,
    UnfitAddress,
    UnfitTies,
    add_witness,
    end_witness,
    keep_cosignature,
    move_witness,
)

__all__ = [
    "AlreadyAWitness",
    "AlreadyEnded",
    "AlreadyForgotten",
    "AlreadyRetired",
    "NoTransaction",
    "NotAWitnessKey",
    "NotAnAuditor",
    "NotTheOperator",
    "NotTheSameLog",
    "NotYourWitness",
    "ReauthenticationNeeded",
    "SequencerBusy",
    "SequencerMemory",
    "TooManyWitnesses",
    "TreeIsBroken",
    "UnfitAddress",
    "UnfitKey",
    "UnfitTies",
    "UnknownKey",
    "add_witness",
    "announce_key",
    "commit_to",
    "end_witness",
    "forget_again",
    "forget_text",
    "forget_texts_about",
    "keep_checkpoint",
    "keep_cosignature",
    "move_witness",
    "record",
    "record_look",
    "record_refusal",
    "recover_entries",
    "retire_key",
    "sequence_waiting",
]
