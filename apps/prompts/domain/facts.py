"""What the log's entries say about a prompt that is submitted, screened and approved by rule."""

from collections.abc import Sequence

from apps.audit.domain.canonical import JSON
from apps.prompts.domain.findings import Finding


def facts_of_submission(*, language: str, category: str, characters: int, commitment: str) -> dict[str, JSON]:
    """Return the facts of a submitted prompt; ``commitment`` stands for its text."""
    return {"language": language, "category": category, "characters": characters, "text": commitment}


def facts_of_screening(
    findings: Sequence[Finding],
    *,
    detected_language: str,
    cluster: str | None,
    founds_cluster: bool,
    also_near: Sequence[str],
    policy_version: int,
) -> dict[str, JSON]:
    """Return the facts of a screened prompt: what was noticed, without evidence, and where it belongs.

    ``also_near`` are further clusters that it resembles; they are one with its own from now on, or kept apart from
    what was sold.
    """
    return {
        "hints": [
            {"kind": finding.kind.value, "clause": finding.clause, "needs_review": finding.needs_review}
            for finding in findings
        ],
        "detected_language": detected_language,
        "cluster": cluster,
        "founds_cluster": founds_cluster,
        "also_near": list(also_near),
        "policy_version": policy_version,
    }
