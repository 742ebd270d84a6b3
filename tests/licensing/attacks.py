"""What somebody with the application's password could try, one statement at a time.

``{live}`` is a battle of yesterday in ``{cluster}`` on ``{prompt}``, and ``{aged}`` an old one there; ``{old}`` an
eligible one in ``{retired}`` on ``{old_prompt}``; ``{sold}`` an item of ``{sealed}``; ``{short}`` an old one on
``{short_prompt}``, whose words are too short for a cluster; ``{draft}`` a draft that asks for all of these but the
second; ``{certified}`` the time of the retired cluster's certificate; ``{near}`` a cluster with an edge to the sold
one, ``{tagged}`` a battle on it, and ``{turn}`` that battle's further turn, in the live cluster.
"""

from typing import Final

MIDDLE: Final = ("retired_cluster", "eligible_battle", "eligible_battle_cluster", "release_item", "near_released")
COLUMN: Final = {
    "retired_cluster": "retired_at",
    "eligible_battle": "last_event_at",
    "eligible_battle_cluster": "retired_at",
    "release_item": "release_id",
    "near_released": "jaccard",
    "battle_cluster": "cluster_id",
}

# Straight at the tables in the middle.
WRITING: Final = (
    "INSERT INTO {table} SELECT * FROM {table}",
    "INSERT INTO {table} SELECT * FROM {table} ON CONFLICT DO NOTHING",
    "UPDATE {table} SET {column} = {column}",
    "UPDATE {table} SET {column} = {column} WHERE false",
    "DELETE FROM {table}",
    "DELETE FROM {table} WHERE false",
    "TRUNCATE {table}",
    "TRUNCATE {table} CASCADE",
    "MERGE INTO {table} t USING (SELECT 1) s ON true WHEN MATCHED THEN DELETE",
    "COPY {table} FROM STDIN",
    "SELECT * FROM {table} FOR UPDATE",
    "DO $$ BEGIN LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE; END $$",
    "WITH gone AS (DELETE FROM {table} RETURNING *) SELECT count(*) FROM gone",
    "DO $$ BEGIN DELETE FROM {table}; END $$",
)
REBUILDING: Final = (
    "ALTER TABLE {table} DISABLE TRIGGER ALL",
    "ALTER TABLE {table} DISABLE TRIGGER USER",
    "ALTER TABLE {table} ENABLE REPLICA TRIGGER wall_refuse_change",
    "ALTER TABLE {table} ADD COLUMN extra text",
    "ALTER TABLE {table} DROP CONSTRAINT IF EXISTS retired_cluster_sixty_days",
    "ALTER TABLE {table} ALTER COLUMN {column} DROP NOT NULL",
    "ALTER TABLE {table} OWNER TO showdown_app",
    "ALTER TABLE {table} RENAME TO gone",
    "ALTER TABLE {table} SET SCHEMA pg_temp",
    "ALTER TABLE {table} SET UNLOGGED",
    "ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
    "DROP TABLE {table} CASCADE",
    "CREATE RULE undo AS ON DELETE TO {table} DO INSTEAD NOTHING",
    "CREATE TRIGGER swallow BEFORE INSERT ON {table}"
    " FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "CREATE TABLE pg_temp.child () INHERITS ({table})",
    "CREATE INDEX ON {table} ({column})",
    "CREATE VIEW public.another AS SELECT * FROM {table}",
    "COMMENT ON TABLE {table} IS 'mine'",
)
BECOMING: Final = (
    "SET ROLE showdown_owner",
    "SET SESSION AUTHORIZATION showdown_owner",
    "SET session_replication_role = replica",
    "SELECT set_config('session_replication_role', 'replica', false)",
    "ALTER ROLE showdown_app SET session_replication_role = replica",
    "ALTER ROLE showdown_app SUPERUSER",
    "GRANT showdown_owner TO showdown_app",
    "CREATE ROLE accomplice SUPERUSER",
    "ALTER SYSTEM SET session_replication_role = replica",
    "CREATE EXTENSION IF NOT EXISTS vector",
    "SELECT lo_import('/etc/hostname')",
    "COPY release_item TO PROGRAM 'true'",
    "LOAD 'plpgsql'",
)
# The functions that write, and those that only triggers call.
FUNCTIONS: Final = (
    "SELECT revive_cluster({cluster})",
    "SELECT cluster_is_released({cluster})",
    "SELECT wall_loads_history('battles_battle'::regclass)",
    "SELECT wall_living_cluster({cluster})",
    "SELECT wall_has_clustered_words({short})",
    "CREATE OR REPLACE FUNCTION revive_cluster(of_cluster bigint) RETURNS boolean LANGUAGE sql AS 'SELECT true'",
    "CREATE OR REPLACE FUNCTION wall_on_event() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    "CREATE FUNCTION public.mine() RETURNS void LANGUAGE sql AS 'SELECT 1'",
    "CREATE FUNCTION pg_temp.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS $$ SELECT now() + '90 days' $$",
    "ALTER FUNCTION retire_cluster(bigint, integer) SECURITY INVOKER",
    "ALTER FUNCTION retire_cluster(bigint, integer) SET search_path = pg_temp",
    "ALTER FUNCTION retire_cluster(bigint, integer) OWNER TO showdown_app",
    "DROP FUNCTION wall_on_event() CASCADE",
    "CREATE TRIGGER mine BEFORE UPDATE ON battles_battle FOR EACH ROW EXECUTE FUNCTION wall_on_open()",
    "CREATE SCHEMA mine",
    "CREATE TEMP TABLE prompts_cluster (id bigint)",
    "CREATE OPERATOR public.>= (LEFTARG = timestamptz, RIGHTARG = timestamptz, FUNCTION = timestamptz_lt)",
)
# What the application may touch, turned against the wall.
BATTLES: Final = (
    "UPDATE battles_battle SET last_event_at = now() - interval '2000 hours' WHERE id = {live}",
    "UPDATE battles_battle SET source = 'imported' WHERE id = {live}",
    "UPDATE battles_battle SET tag = NULL WHERE id = {live}",
    "UPDATE battles_battle SET tag = 'released' WHERE id = {live}",
    "UPDATE battles_battle SET prompt_id = {old_prompt} WHERE id = {live}",
    "UPDATE battles_battle SET id = {old} WHERE id = {live}",
    "UPDATE battles_vote SET battle_id = {old} WHERE battle_id = {live}",
    "UPDATE battles_response SET text = 'live words' WHERE battle_id = {old}",
    "UPDATE battles_response SET battle_id = {old} WHERE battle_id = {live}",
    "DELETE FROM battles_battle WHERE id = {live}",
    "TRUNCATE battles_battle CASCADE",
    "ALTER TABLE battles_battle DISABLE TRIGGER wall_on_event",
    "ALTER TABLE battles_battle DISABLE TRIGGER ALL",
    "DROP TRIGGER wall_on_open ON battles_battle",
    "UPDATE battle_cluster SET cluster_id = {retired} WHERE battle_id = {live}",
    "DELETE FROM battle_cluster WHERE battle_id = {live}",
    "TRUNCATE battle_cluster CASCADE",
    "INSERT INTO battle_cluster VALUES ({live}, {retired}) ON CONFLICT (battle_id, cluster_id) DO UPDATE"
    " SET cluster_id = {retired}",
    "UPDATE prompts_cluster SET merged_into_id = {retired} WHERE id = {cluster}",
    "UPDATE prompts_cluster SET id = {retired} + 1000 WHERE id = {cluster}",
    "DELETE FROM prompts_cluster WHERE id = {cluster}",
    "INSERT INTO prompts_cluster (founded_at, merged_into_id) VALUES (now(), {retired})",
    "UPDATE prompts_prompt SET cluster_id = {retired} WHERE id = {prompt}",
    "UPDATE prompts_prompt SET cluster_id = NULL WHERE id = {prompt}",
    "DELETE FROM prompts_prompt WHERE id = {prompt}",
    "UPDATE prompts_prompt SET text = (SELECT text FROM prompts_prompt WHERE id = {prompt}) WHERE id = {old_prompt}",
    "UPDATE prompts_prompt SET author_id = author_id WHERE id = {old_prompt}",
    "UPDATE contributors_consent SET given_at = now() - interval '2000 hours'",
)
# What was screened, moved afterwards; and words too short for a cluster, given one.
SCREENED: Final = (
    "INSERT INTO battle_cluster VALUES ({short}, {retired})",
    "INSERT INTO battle_cluster VALUES ({short}, {cluster})",
    "INSERT INTO battle_cluster SELECT {short}, id FROM prompts_cluster ON CONFLICT DO NOTHING",
    "UPDATE prompts_prompt SET cluster_id = {retired} WHERE id = {short_prompt}",
    "UPDATE prompts_prompt SET below_cluster_length = false, cluster_id = {retired} WHERE id = {short_prompt}",
    "UPDATE prompts_prompt SET below_cluster_length = true, cluster_id = NULL WHERE id = {prompt}",
    "UPDATE prompts_prompt SET below_cluster_length = false, state = 'withdrawn' WHERE id = {short_prompt}",
    "UPDATE prompts_prompt SET screened_at = NULL, state = 'submitted', decided_at = NULL, decided_clause = ''"
    " WHERE id = {short_prompt}",
    "UPDATE prompts_prompt SET screened_at = now() WHERE id = {prompt}",
    "DO $$ BEGIN UPDATE prompts_prompt SET screened_at = NULL, state = 'submitted' WHERE id = {short_prompt};"
    " UPDATE prompts_prompt SET below_cluster_length = false, cluster_id = {retired}, screened_at = now(),"
    " state = 'approved' WHERE id = {short_prompt}; END $$",
    # The live prompt's words once more: in the old cluster, and in one of their own.
    "INSERT INTO prompts_prompt (author_id, text, text_sha256, language, detected_language, category, state,"
    " cluster_id, below_cluster_length, submission_key, submitted_at, screened_at, decided_at, decided_clause)"
    " SELECT author_id, text, text_sha256, language, '', category, state, {retired}, false, gen_random_uuid(),"
    " submitted_at, screened_at, decided_at, decided_clause FROM prompts_prompt WHERE id = {prompt}",
    "WITH own AS (INSERT INTO prompts_cluster (founded_at) VALUES (now()) RETURNING id)"
    " INSERT INTO prompts_prompt (author_id, text, text_sha256, language, detected_language, category, state,"
    " cluster_id, below_cluster_length, submission_key, submitted_at, screened_at, decided_at, decided_clause)"
    " SELECT author_id, text, text_sha256, language, '', category, state, own.id, false, gen_random_uuid(),"
    " submitted_at, screened_at, decided_at, decided_clause FROM prompts_prompt p CROSS JOIN own WHERE p.id = {prompt}",
)
# With the right to every column of prompts.
WORDS: Final = (
    "UPDATE prompts_prompt SET text = (SELECT text FROM prompts_prompt WHERE id = {prompt}) || '?'"
    " WHERE id = {old_prompt}",
    "UPDATE prompts_prompt SET text_sha256 = repeat('1', 64) WHERE id = {prompt}",
    "UPDATE prompts_prompt SET author_id = (SELECT max(id) FROM contributors_contributor) WHERE id = {prompt}",
    "UPDATE prompts_prompt SET submitted_at = submitted_at - interval '2000 hours' WHERE id = {prompt}",
    "UPDATE prompts_prompt SET id = {prompt} + 1000 WHERE id = {prompt}",
    "UPDATE prompts_prompt SET language = 'pt', category = 'coding' WHERE id = {old_prompt}",
)
# What resembles something sold, made to look as if it did not.
EDGES: Final = (
    "DELETE FROM near_released WHERE cluster_id = {near}",
    "INSERT INTO near_released VALUES ({retired}, {sold_cluster}, 1, now())",
    "UPDATE near_released SET released_cluster_id = {retired} WHERE cluster_id = {near}",
    "DELETE FROM prompts_resemblance",
    "UPDATE prompts_resemblance SET outcome = 'nothing'",
    "TRUNCATE prompts_resemblance",
    "INSERT INTO prompts_resemblance (first_id, second_id, jaccard, algorithm, outcome, found_at)"
    " VALUES ({near}, {near}, 1, 'mine', 'merged', now())",
    "UPDATE battles_battle SET tag = NULL WHERE id = {tagged}",
    "UPDATE battles_battle SET tag = DEFAULT, state = 'expired' WHERE id = {tagged}",
    "SELECT retire_cluster({near}, 60)",
    "SELECT merge_clusters({near}, {sold_cluster})",
    "SELECT wall_link({retired}, {sold_cluster}, 1)",
    "SELECT wall_bring_together({retired}, {cluster}, 1)",
    "SELECT wall_settle(ARRAY[{sold_cluster}]::bigint[])",
    "SELECT wall_is_near_released({near})",
    "INSERT INTO clusters_compared (near_jaccard, permutations, bands, shingle, finished_at)"
    " VALUES (0, 128, 32, 5, now() + interval '90 days')",
    "UPDATE clusters_compared SET near_jaccard = 0",
    "DELETE FROM clusters_compared",
    "DELETE FROM prompts_promptsignature",
    "UPDATE prompts_promptsignature SET cluster_id = {retired}",
    "TRUNCATE prompts_promptsignature CASCADE",
    "DELETE FROM prompts_turnfounder",
    "CREATE OR REPLACE FUNCTION judge_release(of_release bigint) RETURNS TABLE (battle_id bigint, clause text)"
    " LANGUAGE sql AS 'SELECT id, NULL::text FROM battles_battle'",
)
TURNS: Final = (
    "UPDATE battles_turn SET battle_id = {old} WHERE id = {turn}",
    "UPDATE battles_turn SET cluster_id = {retired} WHERE id = {turn}",
    "UPDATE battles_turn SET cluster_id = NULL WHERE id = {turn}",
    "UPDATE battles_turn SET text = 'go on' WHERE id = {turn}",
    "UPDATE battles_turn SET number = 7 WHERE id = {turn}",
    "UPDATE battles_turn SET created_at = '2002-02-02' WHERE id = {turn}",
    "UPDATE battles_turn SET screened_at = NULL WHERE id = {turn}",
    "UPDATE battles_turn SET screened_at = '2001-01-01' WHERE id = {turn}",
    "DELETE FROM battles_turn WHERE id = {turn}",
    "TRUNCATE battles_turn",
    "ALTER TABLE battles_turn DISABLE TRIGGER wall_on_words",
    "INSERT INTO battles_turn (battle_id, number, text, text_sha256, language, cluster_id, created_at)"
    " VALUES ({sold}, 2, 'more', repeat('2', 64), 'en', {cluster}, now())",
    "INSERT INTO battles_turn (battle_id, number, text, text_sha256, language, cluster_id, created_at)"
    " VALUES ({live}, 7, 'more', repeat('2', 64), 'en', {cluster}, now())",
    "INSERT INTO battles_turn (battle_id, number, text, text_sha256, language, cluster_id, created_at)"
    " VALUES ({live}, 1, 'more', repeat('2', 64), 'en', {cluster}, now())",
    # The live prompt's words once more, in the old cluster.
    "INSERT INTO battles_turn (battle_id, number, text, text_sha256, language, cluster_id, created_at)"
    " SELECT {live}, 2, text, text_sha256, language, {retired}, now() FROM prompts_prompt WHERE id = {prompt}",
)
SEALING: Final = (
    "UPDATE licensing_release SET state = 'draft' WHERE id = {sealed}",
    "UPDATE licensing_release SET items = 2 WHERE id = {sealed}",
    "UPDATE licensing_release SET items_root = repeat('1', 64) WHERE id = {sealed}",
    "UPDATE licensing_release SET licensee_id = licensee_id, title = 'Another' WHERE id = {sealed}",
    "UPDATE licensing_release SET id = {draft} + 1000 WHERE id = {sealed}",
    "UPDATE licensing_release SET state = 'cancelled', cancelled_at = now() WHERE id = {sealed}",
    "UPDATE licensing_release SET state = 'sealed', sealed_at = now(), items = 1, items_root = repeat('0', 64)"
    " WHERE id = {draft}",
    "DELETE FROM licensing_release WHERE id = {draft}",
    "SELECT seal_release({sealed}, ARRAY[{live}]::bigint[])",
    "SELECT seal_release(0, ARRAY[{live}]::bigint[])",
    "SELECT seal_release({draft}, ARRAY[{old}]::bigint[])",
    "SELECT cancel_release({draft})",
    "SELECT merge_clusters({cluster}, {sold_cluster})",
    "SELECT retire_cluster({cluster}, 60)",
    "SELECT retire_cluster({cluster}, -2147483648)",
    "SELECT retire_cluster({cluster}, 2147483647)",
    "SELECT retire_cluster(0, 60)",
    "UPDATE battles_battle SET state = 'ready', voted = false WHERE id = {sold}",
    "INSERT INTO battle_cluster VALUES ({sold}, {cluster})",
)

# The owner has every privilege. These are refused by the keys and checks themselves.
FORGERIES: Final = (
    # A certificate for a live cluster: as it is, backdated, for a time to come, for ever.
    "INSERT INTO retired_cluster SELECT {cluster}, max(last_event_at), now() FROM battles_battle WHERE id = {live}",
    "INSERT INTO retired_cluster VALUES ({cluster}, now(), 'infinity')",
    "INSERT INTO retired_cluster VALUES ({cluster}, '-infinity', now())",
    "UPDATE retired_cluster SET cluster_id = {cluster} WHERE cluster_id = {retired}",
    "UPDATE release_item SET battle_id = {live} WHERE battle_id = {sold}",
    "UPDATE release_item SET release_id = {draft} WHERE battle_id = {sold}",
    "UPDATE eligible_battle SET battle_id = {live}",
    # An item that is not eligible.
    "INSERT INTO release_item VALUES ({live}, {sealed})",
    # Eligibility without, or with the wrong, time or source; without clusters.
    "INSERT INTO eligible_battle VALUES ({live}, 'platform', now() - interval '2000 hours')",
    "INSERT INTO eligible_battle SELECT id, 'imported', last_event_at FROM battles_battle WHERE id = {live}",
    "INSERT INTO eligible_battle SELECT id, source, last_event_at FROM battles_battle WHERE id = {live}",
    # With its own cluster and another's certificate; with another's cluster and certificate.
    "INSERT INTO eligible_battle SELECT id, source, last_event_at FROM battles_battle WHERE id = {live};"
    " INSERT INTO eligible_battle_cluster SELECT {live}, {cluster}, '{certified}', last_event_at"
    " FROM battles_battle WHERE id = {live}",
    "INSERT INTO eligible_battle SELECT id, source, last_event_at FROM battles_battle WHERE id = {live};"
    " INSERT INTO eligible_battle_cluster SELECT {live}, {retired}, '{certified}', last_event_at"
    " FROM battles_battle WHERE id = {live}",
    "INSERT INTO eligible_battle_cluster SELECT {live}, {retired}, '{certified}', now() - interval '2000 hours'",
    # An old battle of a live cluster, on a borrowed certificate.
    "INSERT INTO eligible_battle SELECT id, source, last_event_at FROM battles_battle WHERE id = {aged};"
    " INSERT INTO eligible_battle_cluster SELECT {aged}, {retired}, '{certified}', last_event_at"
    " FROM battles_battle WHERE id = {aged}",
    # Taking away what an eligible or a sold battle rests on.
    "DELETE FROM battle_cluster WHERE battle_id = {sold}",
    "DELETE FROM eligible_battle_cluster WHERE battle_id = {sold}",
    "DELETE FROM eligible_battle WHERE battle_id = {sold}",
    "DELETE FROM retired_cluster WHERE cluster_id = {sold_cluster}",
    "UPDATE battles_battle SET last_event_at = now() WHERE id = {sold}",
    "UPDATE battles_battle SET source = 'imported' WHERE id = {old}",
    "DELETE FROM battles_battle WHERE id = {sold}",
    "TRUNCATE release_item",
    "TRUNCATE battles_battle CASCADE",
    "TRUNCATE prompts_cluster CASCADE",
    # What resembles something sold.
    "DELETE FROM near_released WHERE cluster_id = {near}",
    "UPDATE near_released SET jaccard = 0",
    "TRUNCATE near_released",
    "INSERT INTO near_released VALUES ({retired}, {sold_cluster}, 1, now())",
    "INSERT INTO retired_cluster VALUES ({near}, now() - interval '2000 hours', now())",
    "UPDATE battles_turn SET battle_id = {old} WHERE id = {turn}",
    "UPDATE battles_turn SET cluster_id = {retired} WHERE id = {turn}",
    "DELETE FROM battles_turn WHERE id = {turn}",
    "DELETE FROM prompts_resemblance",
    "SET CONSTRAINTS ALL DEFERRED; INSERT INTO release_item VALUES ({live}, {sealed})",
)

# An edition that somebody may fetch, exchanged behind the approvals' back. ``{edition}`` is at its revision 0.
_SUCCESSOR: Final = (
    "UPDATE licensing_edition e SET revision = 1, rows = e.rows + {more}, manifest_sha256 = repeat('1', 64),"
    " manifest = e.manifest || jsonb_build_object('rows', e.rows + {more}, 'edition', jsonb_build_object('revision', 1,"
    " 'supersedes', jsonb_build_object('approved', {approved}, 'predecessor', {predecessor}))) WHERE id = {{edition}}"
)
_RIGHT: Final = {"more": 0, "approved": "e.manifest_sha256", "predecessor": "e.manifest_sha256"}
RIGHT_SUCCESSOR: Final = _SUCCESSOR.format(**_RIGHT)
EDITIONS: Final = (
    "UPDATE licensing_edition SET manifest_sha256 = repeat('1', 64) WHERE id = {edition}",
    "UPDATE licensing_edition SET manifest = '{{}}' WHERE id = {edition}",
    "UPDATE licensing_edition SET path = 'elsewhere' WHERE id = {edition}",
    "UPDATE licensing_edition SET rows = rows - 1 WHERE id = {edition}",
    "UPDATE licensing_edition SET built_at = now() WHERE id = {edition}",
    "UPDATE licensing_edition SET revision = 1 WHERE id = {edition}",
    "UPDATE licensing_edition SET revision = 1, manifest_sha256 = repeat('1', 64) WHERE id = {edition}",
    "UPDATE licensing_edition SET licensee_id = licensee_id, ordinal = 7 WHERE id = {edition}",
    "DELETE FROM licensing_edition WHERE id = {edition}",
    # One row more than was approved; another number; a stranger for what was approved, and for what is superseded.
    _SUCCESSOR.format(**{**_RIGHT, "more": 1}),
    RIGHT_SUCCESSOR.replace("revision = 1", "revision = 2"),
    _SUCCESSOR.format(**{**_RIGHT, "approved": "repeat('2', 64)"}),
    _SUCCESSOR.format(**{**_RIGHT, "predecessor": "repeat('2', 64)"}),
    # Right in everything, and kept by nobody.
    RIGHT_SUCCESSOR,
    "INSERT INTO licensing_edition (release_id, offer_id, licensee_id, ordinal, revision, manifest, manifest_sha256,"
    " path, rows, built_at) SELECT release_id, offer_id, licensee_id, 9, 0, manifest, repeat('1', 64), 'x', rows, now()"
    " FROM licensing_edition WHERE id = {edition}",
    *(
        "INSERT INTO licensing_editionrevision (edition_id, number, manifest, manifest_sha256, rows, built_at)"
        f" SELECT id, {number}, manifest, {told}, rows, built_at FROM licensing_edition WHERE id = {{edition}}"
        for number, told in (("1", "manifest_sha256"), ("7", "manifest_sha256"), ("1", "repeat('1', 64)"))
    ),
    "UPDATE licensing_editionrevision SET manifest_sha256 = repeat('1', 64)",
    "DELETE FROM licensing_editionrevision",
    "TRUNCATE licensing_editionrevision",
    "ALTER TABLE licensing_edition DISABLE TRIGGER edition_on_write",
    "SELECT edition_names_gone('{{}}')",
)
