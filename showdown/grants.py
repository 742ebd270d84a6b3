"""Who may do what with each table and function: the whole list. What is not in it is open to nobody but the owner.

A privilege is written as ``SELECT``, ``UPDATE (column, column)`` or ``SELECT BUT (column, column)``; a role that is not
named has none. ``manage.py migrate --database owner`` applies the list, ``manage.py apply_grants`` does so alone, and
``tests/architecture/test_grants.py`` compares it with a live database.

Locking rows (``SELECT … FOR UPDATE``) needs UPDATE on at least one column.
"""

from dataclasses import dataclass
from typing import Final

from showdown.roles import APP


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """The privileges of the three roles that work with the owner's tables."""

    app: str = ""
    sequencer: str = ""
    auditor: str = ""


ORDINARY: Final = Grant(app="SELECT, INSERT, UPDATE", auditor="SELECT")
# Written once; a correction is a new row.
ONCE: Final = Grant(app="SELECT, INSERT", auditor="SELECT")
# Written by the database's own functions, or by migrations.
READ: Final = Grant(app="SELECT", auditor="SELECT")
# Kept and thrown away as people come and go, or as the schedule changes; no auditor's business.
SIGN_IN: Final = Grant(app="SELECT, INSERT, UPDATE, DELETE")

TABLES: Final[dict[str, Grant]] = {
    # The log: it only grows; its tree is the sequencer's; a forgotten salt is a deleted row.
    # Nobody chooses an entry's id: a far one would one day stop the log.
    "audit_entry": Grant(app="SELECT, INSERT BUT (id)", sequencer="SELECT", auditor="SELECT"),
    "audit_leaf": Grant(app="SELECT", sequencer="SELECT, INSERT", auditor="SELECT"),
    "audit_node": Grant(app="SELECT", sequencer="SELECT, INSERT", auditor="SELECT"),
    "audit_treehead": Grant(app="SELECT", sequencer="SELECT, INSERT", auditor="SELECT"),
    "audit_salt": Grant(app="SELECT, INSERT, DELETE"),
    # What is signed and countersigned comes through the sequencer, which alone has the key.
    "audit_checkpoint": Grant(app="SELECT", sequencer="SELECT, INSERT", auditor="SELECT"),
    "audit_cosignature": Grant(app="SELECT", sequencer="SELECT, INSERT", auditor="SELECT"),
    "audit_logkey": Grant(app="SELECT, INSERT, UPDATE (retired_at)", sequencer="SELECT", auditor="SELECT"),
    "audit_witness": Grant(app="SELECT, INSERT, UPDATE (ended_at)", sequencer="SELECT", auditor="SELECT"),
    # Accounts: an auditor sees pseudonyms and roles, never addresses or secrets.
    "accounts_user": Grant(app="SELECT, INSERT, UPDATE", auditor="SELECT BUT (password, email, last_login)"),
    "accounts_user_groups": Grant(app="SELECT"),
    "accounts_user_user_permissions": Grant(app="SELECT"),
    "accounts_rolegrant": Grant(app="SELECT, INSERT, UPDATE (ended_at)", auditor="SELECT"),
    "accounts_inboxmessage": Grant(app="SELECT, INSERT, UPDATE (read_at)"),
    "account_emailaddress": SIGN_IN,
    "account_emailconfirmation": SIGN_IN,
    "mfa_authenticator": SIGN_IN,
    "socialaccount_socialaccount": SIGN_IN,
    "socialaccount_socialapp": Grant(app="SELECT"),
    "socialaccount_socialtoken": SIGN_IN,
    "usersessions_usersession": SIGN_IN,
    "django_session": SIGN_IN,
    "auth_group": READ,
    "auth_group_permissions": READ,
    "auth_permission": READ,
    "django_content_type": READ,
    "django_migrations": READ,
    # Work that waits and when it is woken.
    "jobs_jobrun": ORDINARY,
    "django_celery_beat_clockedschedule": SIGN_IN,
    "django_celery_beat_crontabschedule": SIGN_IN,
    "django_celery_beat_intervalschedule": SIGN_IN,
    "django_celery_beat_periodictask": SIGN_IN,
    "django_celery_beat_periodictasks": SIGN_IN,
    "django_celery_beat_solarschedule": SIGN_IN,
    # The rulebook: an edition is written once.
    "policy_policyversion": ONCE,
    "policy_clause": ONCE,
    # Organizations and people.
    "organizations_organization": ORDINARY,
    "organizations_tie": ORDINARY,
    "contributors_network": ORDINARY,
    "contributors_contributor": ORDINARY,
    "contributors_demographicclaim": Grant(app="SELECT, INSERT, UPDATE (proof_level, ended_at)", auditor="SELECT"),
    "contributors_affiliation": Grant(app="SELECT, INSERT, UPDATE (ended_at)", auditor="SELECT"),
    "contributors_consenttext": ONCE,
    "contributors_consent": Grant(app="SELECT, INSERT, UPDATE (withdrawn_at)", auditor="SELECT"),
    # Prompts. Clusters are merged by the database's function alone; UPDATE of the founding time serves to lock rows.
    # Words, author and time of a prompt stay: whoever could swap them could put live words into an old battle.
    "prompts_prompt": Grant(
        app="SELECT, INSERT, UPDATE (state, cluster_id, below_cluster_length, detected_language, screened_at, "
        "decided_at, decided_clause)",
        auditor="SELECT BUT (text)",
    ),
    "prompts_cluster": Grant(app="SELECT, INSERT, UPDATE (founded_at)", auditor="SELECT"),
    "prompts_promptband": Grant(app="SELECT, INSERT, DELETE", auditor="SELECT"),
    "prompts_promptsignature": ORDINARY,
    "prompts_screeninghint": ORDINARY,
    # Battles: what was answered and chosen is never changed; the wall's columns belong to its triggers.
    "battles_languagemodel": ORDINARY,
    "battles_endpoint": ORDINARY,
    "battles_importeddataset": ORDINARY,
    # Which models met is an auditor's business once the battle has ended: auditors may contribute, and vote blind then.
    "battles_battle": Grant(
        app="SELECT, INSERT, UPDATE (state, voted, void_reason, claimed_at)",
        auditor="SELECT BUT (left_model_id, right_model_id, left_endpoint_id, right_endpoint_id, pair_probability)",
    ),
    "battle_draw": Grant(auditor="SELECT"),
    "battle_cluster": ONCE,
    "battles_response": Grant(app="SELECT, INSERT", auditor="SELECT BUT (text)"),
    "battles_endpointfailure": ONCE,
    "battles_vote": Grant(
        app="SELECT, INSERT, UPDATE (excluded_under, excluded_at)", auditor="SELECT BUT (choice, nonce)"
    ),
    # Boards.
    "rankings_refitrun": ORDINARY,
    "rankings_snapshot": Grant(app="SELECT, INSERT, UPDATE (published_at, timings)", auditor="SELECT"),
    "rankings_board": ONCE,
    "rankings_rating": ONCE,
    "rankings_snapshotballots": ONCE,
    "rankings_votestanding": Grant(app="SELECT, INSERT, UPDATE (until_id)", auditor="SELECT"),
    # Findings about votes.
    "integrity_sweep": ONCE,
    "integrity_finding": ORDINARY,
    "integrity_exclusion": ORDINARY,
    # The wall: certificates, eligibility and sold items are written by the database's functions alone.
    "retired_cluster": READ,
    "eligible_battle": READ,
    "eligible_battle_cluster": READ,
    "release_item": READ,
    "battles_released": READ,
    "licensing_licensee": ORDINARY,
    # Whoever holds the key can tell which of a licensee's pseudonyms is whom.
    "licensing_pseudonymkey": Grant(app="SELECT, INSERT"),
    "licensing_release": ORDINARY,
    "licensing_releasecandidate": Grant(app="SELECT, INSERT, DELETE", auditor="SELECT"),
    "licensing_attempt": ORDINARY,
    # An edition moves on to its next revision; each revision stays as it was written.
    "licensing_edition": Grant(
        app="SELECT, INSERT, UPDATE (revision, manifest, manifest_sha256, path, rows, built_at)", auditor="SELECT"
    ),
    "licensing_editionrevision": ONCE,
    # What copies tell of people is fixed once and for good.
    "licensing_releasefit": ONCE,
    "licensing_persongeneralization": ONCE,
    "licensing_leftout": ONCE,
    "licensing_offer": ORDINARY,
    "licensing_offerlicensee": ONCE,
    "licensing_approval": ONCE,
    "licensing_delivery": Grant(app="SELECT, INSERT, UPDATE (state, ended_at, bytes_sent)", auditor="SELECT"),
    "licensing_tombstone": ONCE,
    # Cases and decisions; a decision is superseded, never rewritten.
    "moderation_case": ORDINARY,
    "moderation_decision": ONCE,
    "moderation_appeal": ORDINARY,
    # What somebody has not sent yet is nobody's business, and goes when it is old.
    "moderation_draft": Grant(app="SELECT, INSERT, UPDATE, DELETE"),
    # The auditor's desk: what was drawn stays as it was drawn.
    "web_sample": ONCE,
    "web_sampledentry": ONCE,
    "web_export": Grant(
        app="SELECT, INSERT, UPDATE (size, bytes, sha256, built_at, expires_at, removed_at)", auditor="SELECT"
    ),
}

# Functions by signature, as `pg_get_function_identity_arguments` writes it, and the roles that may call them. Trigger
# functions, and those that only other functions call, need no caller.
FUNCTIONS: Final[dict[str, tuple[str, ...]]] = {
    "retire_cluster(of_cluster bigint, min_age_days integer)": (APP,),
    "merge_clusters(merged bigint, kept bigint)": (APP,),
    "seal_release(of_release bigint, battles bigint[])": (APP,),
    "cancel_release(of_release bigint)": (APP,),
}
