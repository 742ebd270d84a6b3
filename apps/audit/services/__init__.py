"""Everything that writes to the log."""

from apps.audit.services.erasure import AlreadyForgotten, forget_text
from apps.audit.services.looking import NotAnAuditor, record_look
from apps.audit.services.recording import NoTransaction, commit_to, record, record_refusal
from apps.audit.services.sequencing import SequencerBusy, SequencerMemory, TreeIsBroken, sequence_waiting

__all__ = [
    "AlreadyForgotten",
    "NoTransaction",
    "NotAnAuditor",
    "SequencerBusy",
    "SequencerMemory",
    "TreeIsBroken",
    "commit_to",
    "forget_text",
    "record",
    "record_look",
    "record_refusal",
    "sequence_waiting",
]
