"""Everything that writes to the log."""

from apps.audit.services.erasure import AlreadyForgotten, forget_text
from apps.audit.services.keys import AlreadyRetired, NotTheOperator, UnknownKey, announce_key, retire_key
from apps.audit.services.looking import NotAnAuditor, record_look
from apps.audit.services.recording import NoTransaction, commit_to, record, record_refusal
from apps.audit.services.sequencing import SequencerBusy, SequencerMemory, TreeIsBroken, sequence_waiting

__all__ = [
    "AlreadyForgotten",
    "AlreadyRetired",
    "NoTransaction",
    "NotAnAuditor",
    "NotTheOperator",
    "SequencerBusy",
    "SequencerMemory",
    "TreeIsBroken",
    "UnknownKey",
    "announce_key",
    "commit_to",
    "forget_text",
    "record",
    "record_look",
    "record_refusal",
    "retire_key",
    "sequence_waiting",
]
