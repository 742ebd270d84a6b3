"""What the log says to the world outside."""

from apps.audit.gateways.witnesses import (
    HttpWitnesses,
    NullWitnesses,
    Question,
    Reply,
    Silence,
    WitnessClient,
)

__all__ = ["HttpWitnesses", "NullWitnesses", "Question", "Reply", "Silence", "WitnessClient"]
