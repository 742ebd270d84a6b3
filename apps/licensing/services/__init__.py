"""Everything that writes at the licensing desk."""

from apps.licensing.services.attempts import (
    AttemptIsOver,
    SealingUnderWay,
    attempt_sealing,
    close_interrupted,
    close_refused,
)
from apps.licensing.services.cancelling import NotCancellable, cancel_release
from apps.licensing.services.clusters import CannotMerge, StillLive, merge_clusters, retire_cluster
from apps.licensing.services.comparing import bring_together, finish_comparison
from apps.licensing.services.drafting import LicenseeSuspended, MalformedFilters, NothingMatches, draft_release
from apps.licensing.services.editions import (
    Build,
    NothingToBuild,
    begin_building,
    confirm_edition,
    end_building_failed,
    end_building_stopped,
    request_edition,
)
from apps.licensing.services.licensees import AlreadyALicensee, add_licensee
from apps.licensing.services.sealing import NotYetCompared, ReleaseChanged, Sealing, TakenOut, seal_release

__all__ = [
    "AlreadyALicensee",
    "AttemptIsOver",
    "Build",
    "CannotMerge",
    "LicenseeSuspended",
    "MalformedFilters",
    "NotCancellable",
    "NotYetCompared",
    "NothingMatches",
    "NothingToBuild",
    "ReleaseChanged",
    "Sealing",
    "SealingUnderWay",
    "StillLive",
    "TakenOut",
    "add_licensee",
    "attempt_sealing",
    "begin_building",
    "bring_together",
    "cancel_release",
    "close_interrupted",
    "close_refused",
    "confirm_edition",
    "draft_release",
    "end_building_failed",
    "end_building_stopped",
    "finish_comparison",
    "merge_clusters",
    "request_edition",
    "retire_cluster",
    "seal_release",
]
