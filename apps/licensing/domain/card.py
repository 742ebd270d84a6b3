"""The two texts beside an edition's rows, in Markdown: the dataset card, and the rulebook that it was made under."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from apps.audit.domain.canonical import JSON
from apps.licensing.domain.edition import COLUMNS, FileEntry
from apps.licensing.domain.manifest import About
from apps.policy.domain.rulebook import ClauseText


def card_text(about: About, files: Sequence[FileEntry]) -> str:
    """Return the dataset card."""
    release, licensee, kind = about.release, about.licensee, about.kind.to_json()
    levels: Any = kind["levels"]
    rows = sum(file.rows or 0 for file in files)
    return "\n".join(
        [
            f"# {_line(release['title'])}",
            "",
            f"Battles between language models, judged by people, as sealed in release {release['number']} and licensed "
            f"to {_line(licensee['name'])}. {rows:,} rows in {len(files):,} Parquet files; `manifest.json` names each "
            "file with its SHA-256.",
            "",
            "## What a row is",
            "",
            "One prompt, two answers by two models, and which of them a person preferred without knowing the models.",
            "",
            *_table(("column", "holds"), ((f"`{column.name}`", column.holds) for column in COLUMNS)),
            "",
            "## Where the rows come from",
            "",
            f"The release was asked for {release['asked']:,} battles; {release['items']:,} were sealed at "
            f"{release['sealed_at']} under version {release['policy_version']} of the rulebook (`policy.md`). Root "
            f"over the items (RFC 6962): `{release['items_root']}`.",
            "",
            *_table(("clause", "battles taken out"), _counts(release["taken_out"])),
            "",
            "Nothing in it is live: for each row at least sixty days had passed since anything happened on its prompt "
            "or on one that resembles it. We do not promise that these prompts resemble nothing of today.",
            "",
            "## People",
            "",
            f"Of {kind['people']:,} voters, {kind['people_left_out']:,} are left out, with {kind['rows_left_out']:,} "
            f"rows, so that at least {kind['k']} contributors share every combination of the five facts that start "
            "with `voter_`, counted over all releases to all licensees. A person is told in the same words in each. "
            "The prompt's own words are screened apart: they can say more about their author than these columns do.",
            "",
            *_table(("fact", "told as, for whoever is first told here"), levels.items()),
            "",
            "People and rows are named by keyed hashes that mean something to this licensee only. The texts are not "
            "altered, so that copies of two licensees can be joined by them.",
            "",
            "## Near-duplicates",
            "",
            *_near_duplicates(about.near_duplicates),
            "",
            "## Terms",
            "",
            f"Purpose: {_line(licensee['purpose'])}. Agreement: SHA-256 `{licensee['agreement_sha256']}`. "
            "No onward transfer. Rows can be taken back by those who wrote or voted; the revocation feed names them, "
            "and copies must be rid of them by its deadline.",
            "",
        ]
    )


def policy_text(clauses: Iterable[ClauseText], *, version: int) -> str:
    """Return every clause of one version of the rulebook with its numbers."""
    lines = [f"# The rulebook, version {version}", ""]
    for clause in clauses:
        lines += [f"## {clause.number}. {clause.title}", "", clause.text, ""]
        if clause.parameters:
            lines += [*(f"- `{name}`: {_value(clause.parameters[name])}" for name in sorted(clause.parameters)), ""]
    return "\n".join(lines)


def _near_duplicates(told: Mapping[str, Any]) -> list[str]:
    recall: Mapping[str, int] = told.get("recall_per_mille", {})
    rows = ((language, f"{found / 10:.1f} %") for language, found in sorted(recall.items()))
    return [
        f"Algorithm `{told['algorithm']}` with a Jaccard similarity of {told['threshold']}. Recall is the share of "
        f"edited prompts that were found to be near their originals: {told['measured_on']}.",
        "",
        *_table(("language", "recall"), rows),
    ]


def _counts(taken_out: Any) -> Iterable[tuple[str, str]]:
    return ((clause, f"{count:,}") for clause, count in sorted(taken_out.items()))


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    return ["| " + " | ".join(cells) + " |" for cells in (heads, ["---"] * len(heads), *rows)]


def _line(text: JSON) -> str:
    """Return a text that somebody typed as one line in which nothing is markup."""
    plain = " ".join(str(text).split())
    return "".join(f"\\{letter}" if letter in "\\`*_{}[]<>#|" else letter for letter in plain)


def _value(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
