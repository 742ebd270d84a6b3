"""Which clauses of the rulebook the auditor's desk stands on."""

from typing import Final

SAMPLES: Final = "L1"
