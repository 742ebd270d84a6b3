"""Everything that writes about reading: the gate before others' words."""

from apps.policy.services.reading import DailyReadingReached, NotForThisPurpose, close_readings, read_content

__all__ = ["DailyReadingReached", "NotForThisPurpose", "close_readings", "read_content"]
