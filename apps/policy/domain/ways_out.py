"""Every way out of the platform: what leaves by it, who answers for it, why it may, and where it is in the code.

``tests/architecture/test_ways_out.py`` walks the real exits and fails on one that is not here. After each migration the
table ``policy_egressroute`` is made equal to this list.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class WayKind(StrEnum):
    """What kind of way out it is."""

    PAGE = "page"
    AGGREGATE = "aggregate"
    LOG = "log"
    OWN_DATA = "own_data"
    RELEASE = "release"
    PROVIDER = "provider"
    MAIL = "mail"
    WITNESS = "witness"
    AUDIT = "audit"
    OPERATION = "operation"
    SIDE_COPY = "side_copy"


@dataclass(frozen=True, slots=True, kw_only=True)
class WayOut:
    """One way out; ``holds_content`` is whether words or single outcomes of live battles can be in it.

    ``exits`` are names as ``tests/architecture/exits.py`` finds them in the code; a backup, which is no code, has none.
    """

    name: str
    kind: WayKind
    title: str
    owner: str
    carries: str
    because: str
    exits: tuple[str, ...] = ()
    holds_content: bool = False


WAYS_OUT: Final[tuple[WayOut, ...]] = (
    WayOut(
        name="pages",
        kind=WayKind.PAGE,
        title="The pages of the site",
        owner="web",
        carries="What each page shows to whom: boards and counts to everybody, their own words and battles to "
        "contributors, cases to moderators, the log to auditors.",
        because="A contributor sees what they wrote and the battles that they fight. Whoever works here sees others' "
        "words through the gate only (clause G1); network administrators, licensing officers, approvers and licensees "
        "see none.",
        exits=("url:audit:compare", "url:web:theme"),
        holds_content=True,
    ),
    WayOut(
        name="signing-in",
        kind=WayKind.PAGE,
        title="Signing in, and the language of the pages",
        owner="accounts",
        carries="One's own addresses, keys and sessions.",
        because="They belong to whoever asks.",
        exits=("views:allauth", "views:django"),
    ),
    WayOut(
        name="boards",
        kind=WayKind.AGGREGATE,
        title="Published boards as CSV and JSON",
        owner="rankings",
        carries="Ranks, ratings, intervals, numbers of votes and contributors.",
        because="Aggregates over at least as many people as clause R2 says; everybody gets them at once.",
        exits=("url:web:leaderboard_csv", "url:api:leaderboard", "program:rankings", "module:apps.rankings.cli"),
    ),
    WayOut(
        name="contract-and-health",
        kind=WayKind.AGGREGATE,
        title="The description of the API, and whether the platform runs",
        owner="api",
        carries="Names of resources and fields; a word of health.",
        because="Nothing about anybody is in it.",
        exits=("views:drf_spectacular", "url:web:health"),
    ),
    WayOut(
        name="log-for-everybody",
        kind=WayKind.LOG,
        title="Checkpoints, tiles, keys and the verifier",
        owner="audit",
        carries="Hashes, signatures and public keys.",
        because="From a hash of an entry, which holds 128 random bits, nobody reads what is in it.",
        exits=(
            "url:audit:checkpoint",
            "url:audit:checkpoint_note",
            "url:audit:keys",
            "url:audit:policy",
            "url:audit:verify",
            "url:audit:tile",
            "url:api:log",
            "module:apps.audit.gateways.durable",
            "module:apps.audit.gateways.tiles",
            "program:verify",
        ),
    ),
    WayOut(
        name="log-for-auditors",
        kind=WayKind.AUDIT,
        title="Entries, proofs and exports of the log",
        owner="audit",
        carries="Entries: who did what to which thing, with commitments in place of words and choices.",
        because="For auditors only, and each look is an entry before it is answered. No words stand in an entry.",
        exits=(
            "url:audit:entry_bytes",
            "url:audit:entry_proof",
            "url:audit:entry_proof_text",
            "url:web:export_file",
            "task:web.tend_exports",
            "module:apps.web.domain.bundle",
            "module:apps.web.gateways",
        ),
    ),
    WayOut(
        name="reading-figures",
        kind=WayKind.AUDIT,
        title="Who read how much, as CSV",
        owner="web",
        carries="Pseudonyms of those who work here, with numbers of texts and looks by month, role and purpose.",
        because="For auditors only, and each look is an entry. It says how much was read, not what it says.",
        exits=("url:web:reading_csv",),
    ),
    WayOut(
        name="auditors-database",
        kind=WayKind.AUDIT,
        title="An auditor's own connection to the database",
        owner="audit",
        carries="Rows of most tables, without words, choices, addresses and secrets.",
        because="The role showdown_auditor reads only, and the columns with words and choices are not granted to it.",
        exits=("role:showdown_auditor",),
    ),
    WayOut(
        name="receipts",
        kind=WayKind.OWN_DATA,
        title="Receipts of one's own votes, and of where they went",
        owner="web and licensing",
        carries="The entry of one's own vote, or of a delivery that holds it, with its proof; no choice, no row.",
        because="It belongs to the voter.",
        exits=(
            "url:web:receipt_json",
            "url:web:receipt_text",
            "url:web:receipt_entry",
            "url:licensing:my_data_proof",
        ),
    ),
    WayOut(
        name="own-words",
        kind=WayKind.OWN_DATA,
        title="One's own words and votes",
        owner="web",
        carries="A contributor's own prompts and votes; answers only once every cluster of the battle is retired.",
        because="A person's own data are theirs at once. Each export is an entry, and many from one network open a "
        "case.",
        exits=("url:web:own_words",),
        holds_content=True,
    ),
    WayOut(
        name="answers-to-the-browser",
        kind=WayKind.OWN_DATA,
        title="Answers on their way to who asked for them",
        owner="battles",
        carries="Both answers of the contributor's own open battle, as they arrive.",
        because="It is the battle itself; only its contributor is answered, and clause B5 says how many a day.",
        exits=("url:battles:stream",),
        holds_content=True,
    ),
    WayOut(
        name="providers",
        kind=WayKind.PROVIDER,
        title="Calls to the models' providers",
        owner="battles",
        carries="The words of one prompt to each of the two endpoints that answer it, without a name or a network.",
        because="Without it nobody answers; the consent to take part says so. A proxy of the environment is not used.",
        exits=(
            "module:apps.battles.gateways.openai_http",
            "module:apps.battles.gateways.guard",
            "module:apps.battles.gateways.provider",
            "module:apps.battles.gateways.recorded",
            "module:apps.battles.gateways.scripted",
        ),
        holds_content=True,
    ),
    WayOut(
        name="mails",
        kind=WayKind.MAIL,
        title="Mails about signing in",
        owner="accounts",
        carries="Codes and links for the owner of an address.",
        because="No mail quotes a prompt, an answer or a decision; notices lie in the inbox.",
        exits=("module:apps.accounts.adapters",),
    ),
    WayOut(
        name="witnesses",
        kind=WayKind.WITNESS,
        title="Checkpoints to witnesses",
        owner="audit",
        carries="Signed checkpoints and proofs of consistency: hashes.",
        because="They are public anyway.",
        exits=("module:apps.audit.gateways.witnesses", "program:witness"),
    ),
    WayOut(
        name="releases",
        kind=WayKind.RELEASE,
        title="Editions of sealed releases",
        owner="licensing",
        carries="Rows of battles past the wall, with people and rows under names that only one licensee's copy has.",
        because="The wall: foreign keys let nothing live into a release (docs/wall.md). No file is downloadable before "
        "approvals, notice and time-lock.",
        exits=(
            "module:apps.licensing.gateways.storage",
            "module:apps.licensing.gateways.reading",
            "module:apps.licensing.domain.edition",
            "task:licensing.sweep",
            "url:licensing:edition_file",
            "url:licensing:checksums",
            "url:licensing:edition_proof",
            "url:api:editions",
            "url:api:edition_file",
        ),
    ),
    WayOut(
        name="what-licensees-hear",
        kind=WayKind.RELEASE,
        title="A licensee's terms, requests, deliveries and notices",
        owner="licensing",
        carries="The licensee's own requests and receipts; notices name rows by names that only its copy has.",
        because="They belong to the licensee. A notice quotes nothing of a row that was taken back.",
        exits=(
            "url:licensing:delivery_json",
            "url:licensing:notice_document",
            "url:licensing:notice_proof",
            "url:api:deliveries",
            "url:api:revocations",
            "url:api:notice_answer",
            "url:api:licensee_terms",
            "url:api:licensee_requests",
            "url:api:licensee_request",
            "module:apps.licensing.gateways.post",
        ),
    ),
    WayOut(
        name="licensing-for-everybody",
        kind=WayKind.AGGREGATE,
        title="Public notices, agreements, and what an edition looks like",
        owner="licensing",
        carries="Counts, hashes and clocks of announced releases; the words of agreements; invented rows.",
        because="Everybody may know what is about to leave, under which terms. No row of anybody is in it.",
        exits=(
            "url:licensing:announced_json",
            "url:licensing:announced_atom",
            "url:licensing:agreement_file",
            "url:licensing:schema_file",
            "url:api:schema_preview",
        ),
    ),
    WayOut(
        name="journal-of-reads",
        kind=WayKind.OPERATION,
        title="The journal of reads from the releases' storage",
        owner="licensing",
        carries="Times, names of files and numbers of bytes, in a file of mode 0600.",
        because="It is compared with the deliveries each day; nothing of a row is in it.",
        exits=("module:apps.licensing.gateways.journal", "task:licensing.match_reads"),
    ),
    WayOut(
        name="release-leaves",
        kind=WayKind.AUDIT,
        title="The leaves of a release",
        owner="licensing",
        carries="The salted names of a release's rows, from which its root is computed.",
        because="For auditors and those who run licensing; a leaf tells nothing of its row.",
        exits=("url:licensing:items",),
    ),
    WayOut(
        name="application-database",
        kind=WayKind.OPERATION,
        title="The application's connection to the database",
        owner="whoever runs the platform",
        carries="Everything that the site and its workers need, words included.",
        because="Nothing works without it. Whoever has taken it over reads live words unseen: said in "
        "docs/ways_out.md.",
        exits=("role:showdown_app",),
        holds_content=True,
    ),
    WayOut(
        name="owners-database",
        kind=WayKind.OPERATION,
        title="The owner's connection to the database",
        owner="whoever runs the platform",
        carries="Everything.",
        because="Migrations, the demo's history and recovery; no running process holds its address.",
        exits=(
            "role:showdown_owner",
            "command:apply_grants",
            "command:provision_database",
            "command:load_demo",
            "command:log_recover",
            "command:after_restore",
            "command:erase_again",
        ),
        holds_content=True,
    ),
    WayOut(
        name="sequencers-database",
        kind=WayKind.OPERATION,
        title="The sequencer's connection to the database",
        owner="audit",
        carries="The log's entries and tree.",
        because="It signs them; it reads no other table.",
        exits=("role:showdown_sequencer", "command:run_sequencer"),
    ),
    WayOut(
        name="keys-of-the-log",
        kind=WayKind.OPERATION,
        title="The log's keys and the list of its witnesses",
        owner="audit",
        carries="Private keys into a folder of the sequencer (0600); public ones and addresses to the operator.",
        because="Whoever runs the platform needs them to sign.",
        exits=("command:log_key", "command:log_witness", "module:apps.audit.gateways.keys"),
    ),
    WayOut(
        name="tamper-lab",
        kind=WayKind.SIDE_COPY,
        title="Falsified copies of the log, for trying the verifier",
        owner="audit",
        carries="Entries and hashes, in a folder that only its user reads, and gone when the command ends.",
        because="A verifier that nobody has seen fail proves nothing. No words stand in an entry.",
        exits=(
            "command:tamper_lab",
            "module:apps.audit.flows.tampering",
            "module:apps.audit.gateways.copies",
            "module:apps.audit.gateways.verifier",
        ),
    ),
    WayOut(
        name="work-by-hand",
        kind=WayKind.OPERATION,
        title="Commands that only write into the database",
        owner="whoever runs the platform",
        carries="Counts, printed.",
        because="They read files in, recompute or retire; nothing of anybody's words is printed.",
        exits=(
            "command:import_battles",
            "command:recluster",
            "command:recompute_rankings",
            "command:retire_clusters",
            "command:test_voters",
        ),
    ),
    WayOut(
        name="broker-and-cache",
        kind=WayKind.OPERATION,
        title="Redis: what wakes the workers, and what may be forgotten",
        owner="whoever runs the platform",
        carries="Names of tasks, ids, and counts of attempts to sign in.",
        because="Task arguments are ids, and there are no results. Sessions are rows of the database.",
        exits=(
            "task:battles.expire_due",
            "task:integrity.nightly",
            "task:licensing.recluster_due",
            "task:licensing.retire_due",
            "task:licensing.back_test_due",
            "task:licensing.tend_withdrawals",
            "task:moderation.sweep",
            "task:policy.close_readings",
            "task:prompts.screen_due",
            "task:rankings.nightly",
            "task:rankings.run_due",
            "module:apps.prompts.gateways",
        ),
    ),
    WayOut(
        name="machine-logs",
        kind=WayKind.OPERATION,
        title="Logs of the processes and of PostgreSQL",
        owner="whoever runs the platform",
        carries="Times, names of events, ids, places in the code.",
        because="An error is written down by its kind and place, never with the words that it quotes; PostgreSQL logs "
        "no statement, no parameter and no row.",
    ),
    WayOut(
        name="months-of-votes",
        kind=WayKind.SIDE_COPY,
        title="Closed months of votes as files beside the database",
        owner="rankings",
        carries="Codes: who voted on which models and what, with what they had declared and how long the answers were. "
        "No words, no names, no secret of the tree.",
        because="Reading them from the database again every night would take most of it. They lie under 0600 on the "
        "machine that computes the boards, never leave it, and are written anew as soon as somebody is erased.",
        exits=("module:apps.rankings.gateways.month_files", "module:apps.rankings.queries.columns"),
        holds_content=True,
    ),
    WayOut(
        name="backups",
        kind=WayKind.SIDE_COPY,
        title="Backups and replicas of the database",
        owner="whoever runs the platform",
        carries="Everything.",
        because="Without them a broken disk ends the platform. Encrypted or 0600, kept 35 days at most, never lent; "
        "one that is restored forgets again what was forgotten before it serves (docs/runbook.md).",
        holds_content=True,
    ),
)
