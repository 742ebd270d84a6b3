"""What the log does beside its database: sequencing without end, and asking witnesses for their signatures."""

from apps.audit.flows.cosigning import Countersigning, WitnessRounds
from apps.audit.flows.sequencing import BATCH, keep_sequencing

__all__ = ["BATCH", "Countersigning", "WitnessRounds", "keep_sequencing"]
