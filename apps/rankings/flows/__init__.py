"""What strings the reading, the computing and the publishing of boards together."""

from apps.rankings.flows.previewing import Preview, preview_night
from apps.rankings.flows.running import recompute_open_run
from apps.rankings.flows.sealing_input import NoRoomToSeal, sealed_file
from apps.rankings.flows.verifying import Verdict, Verification, verify_snapshot

__all__ = [
    "NoRoomToSeal",
    "Preview",
    "Verdict",
    "Verification",
    "preview_night",
    "recompute_open_run",
    "sealed_file",
    "verify_snapshot",
]
