"""What strings the desk's services and the log's reads together."""

from apps.web.flows.drawing import Lot, draw_sample

__all__ = ["Lot", "draw_sample"]
