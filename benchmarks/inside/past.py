"""Writes millions of battles of long ago into the database that the environment names, in a few minutes.

The statements write what the triggers and functions of the wall would have written, whole tables at a time and with the
triggers asleep; afterwards they are as awake as before. Only a superuser of a throwaway server can do this.
"""

import os
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from psycopg import sql

SLEEPING: Final = """
SELECT tgrelid::regclass::text, array_agg(tgname::text) FROM pg_trigger
WHERE NOT tgisinternal AND tgenabled = 'A' GROUP BY 1
"""
_PARAGRAPHS: Final = """
CREATE TEMP TABLE paragraph AS
SELECT g AS id, (SELECT string_agg((ARRAY['the','answer','água','depends','on','what','você','measures','and','how',
  'often','it','rains','there','because','a','model','seldom','knows','which','river','flows','north','today','list',
  'first','second','then','count','every','small','thing','again','before','you','write','code','that','nobody',
  'reads'])[1 + ((g * 7919 + w * 104729 + (g * w) %% 9973) %% 40)], ' ') FROM generate_series(1, %s) AS w) AS words
FROM generate_series(0, 9999) AS g
"""
_CLUSTERS: Final = """
INSERT INTO prompts_cluster (id, founded_at) SELECT g, now() - interval '4800 hours' FROM generate_series(1, %s) AS g
"""
_PROMPTS: Final = """
INSERT INTO prompts_prompt (id, author_id, text, text_sha256, language, detected_language, category, state, cluster_id,
  below_cluster_length, submission_key, submitted_at, screened_at, decided_at, decided_clause)
SELECT g, (SELECT min(id) FROM contributors_contributor) + (g * 31) %% %s, p.words || ' ' || g,
  md5(g::text) || md5(g::text), (ARRAY['pt','en','es','de','hi'])[1 + g %% 5], '', 'knowledge', 'approved', g, false,
  gen_random_uuid(), now() - interval '4800 hours', now() - interval '4800 hours', now() - interval '4800 hours', 'P1'
FROM generate_series(1, %s) AS g JOIN paragraph p ON p.id = (g * 13) %% 10000
"""
_BATTLES: Final = """
INSERT INTO battles_battle (id, source, prompt_id, contributor_id, left_model_id, right_model_id, left_endpoint_id,
  right_endpoint_id, language, category, state, voted, void_reason, opening_key, opened_at, last_event_at)
SELECT g, 'platform', 1 + g %% %(prompts)s, (SELECT min(id) FROM contributors_contributor) + (g * 17) %% %(people)s,
  m.left_id, m.right_id, m.left_endpoint, m.right_endpoint,
  (ARRAY['pt','en','es','de','hi'])[1 + (1 + g %% %(prompts)s) %% 5], 'knowledge', 'voted', true, '',
  gen_random_uuid(), now() - interval '2400 hours' - make_interval(secs => g), now() - interval '2400 hours'
FROM generate_series(1, %(battles)s) AS g
JOIN (
  SELECT row_number() OVER (ORDER BY l.id, r.id) - 1 AS place, l.model_id AS left_id, r.model_id AS right_id,
    l.id AS left_endpoint, r.id AS right_endpoint, count(*) OVER () AS pairs
  FROM battles_endpoint l JOIN battles_endpoint r ON r.model_id <> l.model_id) AS m ON m.place = g %% m.pairs
"""
_ANSWERS: Final = """
INSERT INTO battles_response (battle_id, side, text, tokens, headers, lists, bold, first_token_ms, last_token_ms,
  created_at)
SELECT g, s.side, p.words || ' ' || q.words || ' ' || g, 120, 0, 0, 0, 100, 900, now() - interval '2400 hours'
FROM generate_series(1, %s) AS g CROSS JOIN (VALUES ('left', 3), ('right', 5)) AS s (side, turn)
JOIN paragraph p ON p.id = (g * s.turn) %% 10000 JOIN paragraph q ON q.id = (g * 11 * s.turn + 7) %% 10000
"""
_VOTES: Final = """
INSERT INTO battles_vote (battle_id, contributor_id, public_id, nonce, choice, commitment, cast_at, country, language,
  profession, age_band, education, category, proof_level, excluded_under)
SELECT b.id, b.contributor_id, gen_random_uuid(), '\\x00',
  (ARRAY['left','right','both_good','both_bad'])[1 + b.id % 4], repeat('0', 64), b.last_event_at,
  (ARRAY['BR','PT','AR','CL','MX','JP','KE','DE','IN','US'])[1 + b.contributor_id % 10],
  b.language, (ARRAY['2310','2511','2512','5120','2221','X1'])[1 + (b.contributor_id / 7) % 6],
  (ARRAY['18-24','25-34','35-44','55-64'])[1 + (b.contributor_id / 11) % 4],
  (ARRAY['3','6','7'])[1 + (b.contributor_id / 13) % 3], b.category, 0, '' FROM battles_battle b
"""
_WALL: Final = (
    "INSERT INTO battle_cluster (battle_id, cluster_id) SELECT id, prompt_id FROM battles_battle",
    "INSERT INTO retired_cluster SELECT id, now() - interval '2400 hours', now() - interval '24 hours'"
    " FROM prompts_cluster",
    "INSERT INTO eligible_battle SELECT id, source, last_event_at FROM battles_battle",
    "INSERT INTO eligible_battle_cluster (battle_id, cluster_id, retired_at, last_event_at)"
    " SELECT b.id, b.prompt_id, r.retired_at, b.last_event_at"
    " FROM battles_battle b JOIN retired_cluster r ON r.cluster_id = b.prompt_id",
)
_PEOPLE: Final = (
    "INSERT INTO contributors_contributor (network_id, voter_id, standing, joined_at, activated_at)"
    " SELECT (SELECT min(id) FROM contributors_network), gen_random_uuid(), 'active', now() - interval '4800 hours',"
    " now() - interval '4800 hours'"
    " FROM generate_series(1, %s)"
)
_CONSENTS: Final = (
    "INSERT INTO contributors_consent (contributor_id, text_id, kind, given_at)"
    " SELECT c.id, t.id, t.kind, now() - interval '9600 hours' FROM contributors_contributor c"
    " CROSS JOIN (SELECT DISTINCT ON (kind) id, kind FROM contributors_consenttext ORDER BY kind, id) AS t"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """How much of it there is; a fifth of the battles are in Portuguese."""

    battles: int
    people: int = 50_000
    words: int = 60

    @property
    def prompts(self) -> int:
        """How many prompts the battles were fought on, a multiple of five."""
        return max(5, self.battles // 5 // 5 * 5)

    def load(self) -> None:
        """Write all of it; models with endpoints, a network and the texts of consents are there already."""
        with psycopg.connect(os.environ["BENCHMARK_ADMIN_URL"], autocommit=True) as server:
            server.execute("SET session_replication_role = replica")
            server.execute("SET synchronous_commit = off")
            asleep: list[tuple[str, list[str]]] = server.execute(SLEEPING).fetchall()
            for table, _triggers in asleep:
                server.execute(sql.SQL("ALTER TABLE {} DISABLE TRIGGER USER").format(sql.Identifier(table)))
            self._fill(server)
            for table, triggers in asleep:
                server.execute(sql.SQL("ALTER TABLE {} ENABLE TRIGGER USER").format(sql.Identifier(table)))
                for name in triggers:
                    statement = sql.SQL("ALTER TABLE {} ENABLE ALWAYS TRIGGER {}")
                    server.execute(statement.format(sql.Identifier(table), sql.Identifier(name)))
            server.execute("VACUUM ANALYZE")
            server.execute("CHECKPOINT")

    def _fill(self, server: psycopg.Connection[Any]) -> None:
        server.execute(_PARAGRAPHS, [self.words])
        server.execute(_PEOPLE, [self.people])
        server.execute("DELETE FROM contributors_consent")
        server.execute(_CONSENTS)
        server.execute(_CLUSTERS, [self.prompts])
        server.execute(_PROMPTS, [self.people, self.prompts])
        server.execute(_BATTLES, {"prompts": self.prompts, "people": self.people, "battles": self.battles})
        server.execute(_ANSWERS, [self.battles])
        server.execute(_VOTES)
        for statement in _WALL:
            server.execute(statement.encode())
