"""An edition described in Croissant 1.1 (MLCommons), the vocabulary in which data sets tell programs what they hold."""

from collections.abc import Sequence
from typing import Any, Final

import rfc8785

from apps.licensing.domain.edition import COLUMNS, FileEntry
from apps.licensing.domain.manifest import About

_CONTEXT: Final[dict[str, Any]] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "arrayShape": "cr:arrayShape",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "containedIn": "cr:containedIn",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "description": {"@container": "@language"},
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isArray": "cr:isArray",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "name": {"@container": "@language"},
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
# The registered name is application/vnd.apache.parquet; Croissant's own reader knows only this one.
_PARQUET: Final = "application/x-parquet"
_PARQUET_FILES: Final = "parquet-files"
_RECORDS: Final = "battles"


def croissant_of(about: About, files: Sequence[FileEntry]) -> bytes:
    """Return the description as canonical JSON-LD; ``files`` are the edition's Parquet files."""
    release, place = about.release, about.place
    return rfc8785.dumps(
        {
            "@context": _CONTEXT,
            "@type": "sc:Dataset",
            "citeAs": f"Showdown, release {release['number']}, root {release['items_root']}",
            "conformsTo": "http://mlcommons.org/croissant/1.1",
            "creator": {"@type": "sc:Organization", "name": "Showdown"},
            "datePublished": str(release["sealed_at"])[:10],
            "description": (
                "Battles between language models, judged by people: one prompt, two answers, one outcome a row. "
                "Closed and past the wall; no row of it is live."
            ),
            "distribution": [*map(_file_object, files), _file_set()],
            "isLiveDataset": False,
            "license": f"urn:x-showdown:agreement:{about.licensee['agreement_sha256']}",
            "name": f"showdown-release-{release['number']}",
            "recordSet": [
                {
                    "@id": _RECORDS,
                    "@type": "cr:RecordSet",
                    "description": "One battle a row, in the order of the rows' names.",
                    "field": [_field(column.name, column.holds) for column in COLUMNS],
                    "key": {"@id": f"{_RECORDS}/row"},
                    "name": _RECORDS,
                }
            ],
            "sdVersion": "1.1",
            "url": f"urn:x-showdown:release:{release['number']}",
            "version": f"1.{place.ordinal}.{place.revision}",
        }
    )


def _file_object(file: FileEntry) -> dict[str, Any]:
    return {
        "@id": file.name,
        "@type": "cr:FileObject",
        "contentSize": f"{file.bytes} B",
        "contentUrl": file.name,
        "encodingFormat": _PARQUET,
        "name": file.name,
        "sha256": file.sha256,
    }


def _file_set() -> dict[str, Any]:
    return {
        "@id": _PARQUET_FILES,
        "@type": "cr:FileSet",
        "encodingFormat": _PARQUET,
        "includes": "*.parquet",
        "name": _PARQUET_FILES,
    }


def _field(name: str, holds: str) -> dict[str, Any]:
    return {
        "@id": f"{_RECORDS}/{name}",
        "@type": "cr:Field",
        "dataType": "sc:Text",
        "description": holds,
        "name": name,
        "source": {"extract": {"column": name}, "fileSet": {"@id": _PARQUET_FILES}},
    }
