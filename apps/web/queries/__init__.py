"""Reads that join several subjects: the homes, the auditor's desk, receipts."""

from apps.web.queries.auditing import AuditorHome, auditor_home
from apps.web.queries.exports import due_exports, expired_exports, exports_of, holding_the_export_lock
from apps.web.queries.homes import (
    contributor_home,
    licensee_home,
    licensing_home,
    moderator_home,
    network_home,
    public_figures,
)
from apps.web.queries.own_words import OwnCounts, own_counts, own_lines
from apps.web.queries.receipts import Receipt, receipt, receipt_document
from apps.web.queries.samples import DrawnRow, SamplePage, newest_samples, sample_clause, sample_page

__all__ = [
    "AuditorHome",
    "DrawnRow",
    "OwnCounts",
    "Receipt",
    "SamplePage",
    "auditor_home",
    "contributor_home",
    "due_exports",
    "expired_exports",
    "exports_of",
    "holding_the_export_lock",
    "licensee_home",
    "licensing_home",
    "moderator_home",
    "network_home",
    "newest_samples",
    "own_counts",
    "own_lines",
    "public_figures",
    "receipt",
    "receipt_document",
    "sample_clause",
    "sample_page",
]
