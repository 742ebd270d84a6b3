"""What strings the reading, the computing and the publishing of boards together."""

from apps.rankings.flows.previewing import Preview, preview_night
from apps.rankings.flows.running import recompute_open_run

__all__ = ["Preview", "preview_night", "recompute_open_run"]
