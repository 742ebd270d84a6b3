"""What the auditor's desk writes to the log."""

from enum import StrEnum


class WebEvent(StrEnum):
    """The events of this app; ``docs/log.md`` explains each."""

    SAMPLE_ASKED_FOR = "web.sample_asked_for"
    SAMPLE_DRAWN = "web.sample_drawn"
    SAMPLE_LOOKED_AT = "web.sample_looked_at"
    CHOICE_OPENED = "web.choice_opened"
    EXPORT_REQUESTED = "web.export_requested"
    EXPORT_BUILT = "web.export_built"
    EXPORT_STOPPED = "web.export_stopped"
    EXPORT_DOWNLOADED = "web.export_downloaded"
    EXPORT_REMOVED = "web.export_removed"
    READING_LOOKED_AT = "web.reading_looked_at"
