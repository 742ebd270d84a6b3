"""Everything that writes at the licensing desk."""

from apps.licensing.services.attempts import (
    AttemptIsOver,
    SealingUnderWay,
    attempt_sealing,
    close_interrupted,
    close_refused,
)
from apps.licensing.services.built import offer_is_built
from apps.licensing.services.cancelling import NotCancellable, cancel_release
from apps.licensing.services.clusters import CannotMerge, StillLive, merge_clusters, retire_cluster
from apps.licensing.services.drafting import LicenseeSuspended, MalformedFilters, NothingMatches, draft_release
from apps.licensing.services.editions import (
    Build,
    NothingToBuild,
    begin_building,
    begin_rewriting,
    confirm_edition,
    confirm_revision,
    end_building_failed,
    end_building_stopped,
    request_edition,
)
from apps.licensing.services.fitting import NothingToFit, fit_release, hold_back_small_combinations
from apps.licensing.services.licensees import AlreadyALicensee, add_licensee
from apps.licensing.services.sealing import ReleaseChanged, Sealing, TakenOut, seal_release

__all__ = [
    "AlreadyALicensee",
    "AttemptIsOver",
    "Build",
    "CannotMerge",
    "LicenseeSuspended",
    "MalformedFilters",
    "NotCancellable",
    "NothingMatches",
    "NothingToBuild",
    "NothingToFit",
    "ReleaseChanged",
    "Sealing",
    "SealingUnderWay",
    "StillLive",
    "TakenOut",
    "add_licensee",
    "attempt_sealing",
    "begin_building",
    "begin_rewriting",
    "cancel_release",
    "close_interrupted",
    "close_refused",
    "confirm_edition",
    "confirm_revision",
    "draft_release",
    "end_building_failed",
    "end_building_stopped",
    "fit_release",
    "hold_back_small_combinations",
    "merge_clusters",
    "offer_is_built",
    "request_edition",
    "retire_cluster",
    "seal_release",
]
