"""The rulebook's pages: clauses, versions and what they change, and proposals."""

from apps.policy.views.clauses import clause_page, rulebook_page
from apps.policy.views.proposals import adopt, new_proposal, proposal, proposals_page, reject, withdraw
from apps.policy.views.versions import compare_versions, version_page, versions_page
from apps.policy.views.ways_out import ways_out_page

__all__ = [
    "adopt",
    "clause_page",
    "compare_versions",
    "new_proposal",
    "proposal",
    "proposals_page",
    "reject",
    "rulebook_page",
    "version_page",
    "versions_page",
    "ways_out_page",
    "withdraw",
]
