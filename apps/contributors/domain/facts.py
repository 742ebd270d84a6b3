"""What the log's entries say about a contributor's own acts."""

from collections.abc import Sequence

from apps.audit.domain.canonical import JSON


def facts_of_claims(attributes: Sequence[str], *, proof_level: int) -> dict[str, JSON]:
    """Return the facts of a declaration: which attributes and how well they are proved, never what was said."""
    return {"attributes": list(attributes), "proof_level": proof_level}


def facts_of_consent(*, contributor: str, kind: str, version: int, language: str, text_hash: str) -> dict[str, JSON]:
    """Return the facts of a consent given or taken back: whose, and to which words."""
    return {
        "contributor": contributor,
        "kind": kind,
        "version": version,
        "language": language,
        "text_hash": text_hash,
    }
