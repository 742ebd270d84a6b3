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
    "accounts_inboxmessage": Grant(app="SELECT, INSERT, UPDATE (read_at), DELETE"),
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
    # The rulebook: versions are written by the database's function, which decides what loosens.
    "policy_policyversion": READ,
    "policy_clause": READ,
    "policy_parameterdirection": READ,
    "policy_policyproposal": Grant(
        app="SELECT, INSERT, UPDATE (state, second_id, decided_at, decision, backtested_at)", auditor="SELECT"
    ),
    "policy_clauseproposal": ONCE,
    "policy_backtest": ONCE,
    # What was read of others' words: a look is written once, and a batch is closed once.
    "policy_readingbatch": Grant(app="SELECT, INSERT, UPDATE (closed_at, digest)", auditor="SELECT"),
    "policy_contentlook": ONCE,
    "policy_egressroute": READ,
    # Organizations and people.
    "organizations_organization": ORDINARY,
    "organizations_tie": Grant(app="SELECT, INSERT, UPDATE (until, end_declared_at)", auditor="SELECT"),
    "organizations_stafftie": Grant(app="SELECT, INSERT, UPDATE (until)", auditor="SELECT"),
    "contributors_network": ORDINARY,
    "contributors_contributor": ORDINARY,
    "contributors_demographicclaim": Grant(
        app="SELECT, INSERT, UPDATE (proof_level, ended_at), DELETE", auditor="SELECT"
    ),
    "contributors_affiliation": Grant(app="SELECT, INSERT, UPDATE (ended_at), DELETE", auditor="SELECT"),
    "contributors_consenttext": ONCE,
    "contributors_ownexport": ONCE,
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
    # A signature outlives its words; a better algorithm makes its values anew.
    "prompts_promptsignature": Grant(app="SELECT, INSERT, UPDATE (algorithm, values)", auditor="SELECT"),
    "prompts_turnfounder": Grant(app="SELECT, INSERT, UPDATE (algorithm, values)", auditor="SELECT"),
    "prompts_turnfounderband": Grant(app="SELECT, INSERT, DELETE", auditor="SELECT"),
    "prompts_resemblance": ONCE,
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
    "battles_turn": Grant(app="SELECT, INSERT, UPDATE (screened_at)", auditor="SELECT BUT (text)"),
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
    "rankings_boardfact": ONCE,
    # Whose votes a board rests on: kept until the board is published anew, and no auditor's business.
    "rankings_boardholding": Grant(app="SELECT, INSERT, DELETE"),
    "rankings_refitpart": ORDINARY,
    "rankings_votepartition": ORDINARY,
    "rankings_snapshotballots": ONCE,
    # Who reads the secret can tell who stands behind a name in the sealed input.
    "rankings_sealedinput": Grant(app="SELECT, INSERT"),
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
    "near_released": READ,
    # What says that a comparison is finished; its column of time is the database's.
    "clusters_compared": Grant(app="SELECT, INSERT BUT (id, finished_at)", auditor="SELECT"),
    "battles_released": READ,
    "licensing_licensee": Grant(
        app="SELECT, INSERT, UPDATE (contact_id, purpose, purposes, agreement_sha256, agreed_at, suspended_at)",
        auditor="SELECT",
    ),
    # What somebody agreed to is not rewritten; agreements, suspensions and keys only end.
    "licensing_agreementtext": ONCE,
    "licensing_agreement": Grant(app="SELECT, INSERT, UPDATE (ended_at, ended_because)", auditor="SELECT"),
    "licensing_controlreview": ONCE,
    "licensing_finalrecipient": Grant(app="SELECT, INSERT, UPDATE (ended_at)", auditor="SELECT"),
    "licensing_suspension": Grant(
        app="SELECT, INSERT, UPDATE (ended_by_id, ended_at, ended_because)", auditor="SELECT"
    ),
    "licensing_licenseekey": Grant(
        app="SELECT, INSERT, UPDATE (revoked_at, last_used_at)", auditor="SELECT BUT (secret_sha256)"
    ),
    "licensing_accessrequest": Grant(
        app="SELECT, INSERT, UPDATE (state, decided_by_id, decided_at, refused_clause, refused_because)",
        auditor="SELECT",
    ),
    "licensing_accessrequest_recipients": ONCE,
    # Whoever holds the key can tell which of a licensee's pseudonyms is whom.
    "licensing_pseudonymkey": Grant(app="SELECT, INSERT"),
    "licensing_release": ORDINARY,
    "licensing_releasecandidate": Grant(app="SELECT, INSERT, DELETE", auditor="SELECT"),
    "licensing_attempt": Grant(
        app="SELECT, INSERT, UPDATE (release_id, state, clause, code, entry, closed_at)", auditor="SELECT"
    ),
    # An edition moves on to its next revision; each revision stays as it was written.
    "licensing_edition": Grant(
        app="SELECT, INSERT, UPDATE (revision, manifest, manifest_sha256, path, rows, built_at)", auditor="SELECT"
    ),
    "licensing_editionrevision": ONCE,
    # What copies tell of people is fixed once and for good.
    "licensing_releasefit": ONCE,
    "licensing_persongeneralization": ONCE,
    "licensing_leftout": ONCE,
    # Offers go forward by the wall's functions alone; the application can end one.
    "licensing_offer": Grant(app="SELECT, INSERT, UPDATE (state, ended_at, ended_clause)", auditor="SELECT"),
    "licensing_offerlicensee": ONCE,
    "licensing_halt": Grant(app="SELECT, INSERT, UPDATE (ended_at)", auditor="SELECT"),
    "licensing_approval": READ,
    # Whoever objected, and in which words, is for those who decide; what they decide is written by a function.
    "licensing_objection": Grant(
        app="SELECT, INSERT, UPDATE (escalated_at)", auditor="SELECT BUT (words, contact, account_id, network)"
    ),
    "licensing_waitingobjection": Grant(app="SELECT, INSERT, DELETE", auditor="SELECT BUT (words, contact, network)"),
    "licensing_delivery": Grant(app="SELECT, INSERT, UPDATE (state, ended_at, bytes_sent)", auditor="SELECT"),
    "licensing_transfer": Grant(app="SELECT, INSERT, UPDATE (sent, seen_at, ended_at)", auditor="SELECT"),
    "licensing_readmatch": ONCE,
    "licensing_readincident": ONCE,
    "licensing_tombstone": ONCE,
    # A notice stays as it was signed; what moves is who was reminded, who answered, and what followed.
    "licensing_notice": Grant(
        app="SELECT, INSERT, UPDATE (reminded_at, escalated_at, suspended_at, acknowledged_at, acknowledged_by, "
        "acknowledged_name)",
        auditor="SELECT BUT (acknowledged_name)",
    ),
    "licensing_noticerow": Grant(app="SELECT, INSERT, UPDATE (notice_id)", auditor="SELECT"),
    "licensing_letter": Grant(app="SELECT, INSERT, UPDATE (next_try_at, tries, sent_at)", auditor="SELECT"),
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
    "policy_adopt(of_proposal bigint, second_person bigint, at timestamp with time zone)": (APP,),
    "retire_cluster(of_cluster bigint, min_age_days integer)": (APP,),
    "merge_clusters(merged bigint, kept bigint)": (APP,),
    "seal_draft(of_release bigint, must_be_whole boolean)": (APP,),
    "seal_release(of_release bigint, battles bigint[])": (APP,),
    "cancel_release(of_release bigint)": (APP,),
    "cluster_is_closed(of_cluster bigint)": (APP,),
    "judge_release(of_release bigint)": (APP,),
    "offer_is_built(of_offer bigint)": (APP,),
    "approve_offer(of_offer bigint, by_whom bigint, to_what text)": (APP,),
    "open_offer(of_offer bigint)": (APP,),
    "decide_objection(it bigint, by_whom bigint, so text, why text, which bigint[])": (APP,),
    # Questions about an offer, which the pages ask as the functions do.
    "offer_digest(of_offer bigint)": (APP,),
    "offer_ties_of(of_offer bigint, account bigint)": (APP,),
    "offer_rows_to_leave(of_offer bigint)": (APP,),
    # Takes away the words of somebody whose link to an account is cut, and nobody else's.
    "erase_words_of(of_contributor bigint, OUT prompts bigint, OUT turns bigint, OUT votes bigint)": (APP,),
    "offer_tied_approvers(of_offer bigint)": (APP,),
    "recipient_standing(of_release bigint, of_licensee bigint, at timestamp with time zone)": (APP,),
    "release_on_the_board(of_release bigint)": (APP,),
    "release_items_younger(of_release bigint, days integer)": (APP,),
    "release_rows_unfit(of_release bigint)": (APP,),
    "release_rows_against_terms(of_release bigint)": (APP,),
}
