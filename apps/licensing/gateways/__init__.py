"""What licensing touches outside the database: where editions lie, who reads them, and the post."""

from apps.licensing.gateways.journal import ReadJournal
from apps.licensing.gateways.post import Post, PostRefused, SilentPost
from apps.licensing.gateways.reading import EditionReader, FileChanged, FileMissing, OpenedFile, StorageUnwell
from apps.licensing.gateways.storage import EditionStore, StoredFile

__all__ = [
    "EditionReader",
    "EditionStore",
    "FileChanged",
    "FileMissing",
    "OpenedFile",
    "Post",
    "PostRefused",
    "ReadJournal",
    "SilentPost",
    "StorageUnwell",
    "StoredFile",
]
