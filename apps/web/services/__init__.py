"""What the auditor's desk writes: samples, openings, exports."""

from apps.web.services.openings import (
    NotDrawn,
    NothingToOpen,
    NotYourSample,
    OpenedChoice,
    OpensForNobody,
    open_choice,
)
from apps.web.services.samples import Drawn, NotYourLot, PeriodsOverlap, keep_sample, require_fresh_period

__all__ = [
    "Drawn",
    "NotDrawn",
    "NotYourLot",
    "NotYourSample",
    "NothingToOpen",
    "OpenedChoice",
    "OpensForNobody",
    "PeriodsOverlap",
    "keep_sample",
    "open_choice",
    "require_fresh_period",
]
