"""What the auditor's desk writes: samples, openings, exports; and erasing a person."""

from apps.web.services.erasing import Erased, NotConfirmed, NotYourself, erase_again, erase_contributor
from apps.web.services.exports import (
    AlreadyExporting,
    Exporting,
    NotAnAuditorsExport,
    NothingToExport,
    begin_export,
    confirm_export,
    expire_export,
    record_download,
    request_export,
    stop_export,
)
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
    "AlreadyExporting",
    "Drawn",
    "Erased",
    "Exporting",
    "NotAnAuditorsExport",
    "NotConfirmed",
    "NotDrawn",
    "NotYourLot",
    "NotYourSample",
    "NotYourself",
    "NothingToExport",
    "NothingToOpen",
    "OpenedChoice",
    "OpensForNobody",
    "PeriodsOverlap",
    "begin_export",
    "confirm_export",
    "erase_again",
    "erase_contributor",
    "expire_export",
    "keep_sample",
    "open_choice",
    "record_download",
    "request_export",
    "require_fresh_period",
    "stop_export",
]
