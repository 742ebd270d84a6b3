"""What strings the desk's services and the log's reads together."""

from apps.web.flows.drawing import Lot, draw_sample
from apps.web.flows.exporting import tend_exports, write_export

__all__ = ["Lot", "draw_sample", "tend_exports", "write_export"]
