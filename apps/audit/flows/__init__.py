"""What the log does beside its database: sequencing and publishing without end, and asking witnesses."""

from apps.audit.flows.publishing import Publisher, Unwitnessed, Witnessing
from apps.audit.flows.sequencing import BATCH, keep_sequencing

__all__ = ["BATCH", "Publisher", "Unwitnessed", "Witnessing", "keep_sequencing"]
