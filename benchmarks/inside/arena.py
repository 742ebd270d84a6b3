"""Writes millions of votes on hundreds of models into the database that the environment names, over many months.

Whole tables at a time and with the triggers asleep, as ``past`` does; only a superuser of a throwaway server can.
"""

import os
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from psycopg import sql

from benchmarks.inside.past import SLEEPING

_MODELS: Final = """
INSERT INTO battles_languagemodel (name, slug, organization_id, licence, state, is_imported, added_at)
SELECT 'Model ' || g, 'model-' || g, %s, '', 'public', false, now() - interval '9600 hours'
FROM generate_series(1, %s) AS g
"""
_PEOPLE: Final = """
INSERT INTO contributors_contributor (network_id, voter_id, standing, joined_at, activated_at)
SELECT %s, gen_random_uuid(), 'active', now() - interval '9600 hours', now() - interval '9600 hours'
FROM generate_series(1, %s)
"""
# A person votes the more the lower their number, as few do in any arena.
_BATTLES: Final = """
INSERT INTO battles_battle (id, source, prompt_id, contributor_id, left_model_id, right_model_id, pair_probability,
  language, category, state, voted, void_reason, opening_key, opened_at, last_event_at)
SELECT g, 'platform', %(prompt)s, %(person)s + d.person, %(model)s + d.first,
  %(model)s + (d.first + 1 + d.step) %% %(models)s, 2.0 / (%(models)s * (%(models)s - 1)),
  'l' || d.person %% 15, 'c' || g %% 8, 'voted', true, '', gen_random_uuid(), d.at, d.at
FROM (
  SELECT g, floor(%(people)s * power(random(), 3))::bigint AS person, floor(%(models)s * random())::bigint AS first,
    floor((%(models)s - 1) * random())::bigint AS step,
    now() - %(days)s * (1 - (g - %(since)s)::float / %(votes)s) * interval '1 day' AS at
  FROM generate_series(%(since)s + 1, %(since)s + %(votes)s) AS g) AS d
"""
_ANSWERS: Final = """
INSERT INTO battles_response (battle_id, side, text, tokens, headers, lists, bold, first_token_ms, last_token_ms,
  created_at)
SELECT g, s.side, 'x', 50 + (900 * random())::int, (3 * random())::int, (9 * random())::int, (6 * random())::int,
  300 + (900 * random())::int, 2000 + (9000 * random())::int, now()
FROM generate_series(%(since)s + 1, %(since)s + %(votes)s) AS g CROSS JOIN (VALUES ('left'), ('right')) AS s (side)
"""
_VOTES: Final = """
INSERT INTO battles_vote (id, battle_id, contributor_id, public_id, nonce, choice, commitment, cast_at, country,
  language, profession, age_band, education, category, proof_level, excluded_under)
SELECT b.id, b.id, b.contributor_id, gen_random_uuid(), decode(md5(b.id::text), 'hex'),
  CASE WHEN random() < 0.2 THEN CASE WHEN random() < 0.5 THEN 'both_good' ELSE 'both_bad' END
    WHEN random() < 1 / (1 + exp((b.right_model_id - b.left_model_id) / 100.0)) THEN 'left' ELSE 'right' END,
  repeat('0', 64), b.last_event_at, chr(65 + (p.n %% 20)::int) || 'X', b.language, 'p' || (p.n / 3) %% 40,
  'a' || (p.n / 11) %% 5, 'e' || (p.n / 13) %% 4, b.category, (p.n / 17) %% 3, ''
FROM battles_battle b CROSS JOIN LATERAL (SELECT b.contributor_id - %(person)s AS n) AS p
WHERE b.id > %(since)s AND b.id <= %(since)s + %(votes)s
"""
_NUMBERS: Final = "SELECT setval(pg_get_serial_sequence('battles_{}', 'id'), (SELECT max(id) FROM battles_{}))"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arena:
    """How much of it there is; with these numbers of values there are about 530 boards by one attribute or two."""

    votes: int
    models: int = 300
    people: int = 100_000
    days: int = 700

    def load(self, *, network: int, organization: int, prompt: int) -> None:
        """Write all of it."""
        with _asleep() as server:
            server.execute(_MODELS, [organization, self.models])
            server.execute(_PEOPLE, [network, self.people])
            self._cast(server, since=0, votes=self.votes, days=self.days, prompt=prompt)
            server.execute("VACUUM ANALYZE")
            server.execute("CHECKPOINT")

    def cast_today(self, votes: int, *, prompt: int) -> None:
        """Add some votes of the last day, as the night after finds them."""
        with _asleep() as server:
            self._cast(server, since=self.votes, votes=votes, days=1, prompt=prompt)

    def _cast(self, server: psycopg.Connection[Any], *, since: int, votes: int, days: int, prompt: int) -> None:
        row = server.execute(
            "SELECT (SELECT max(id) FROM battles_languagemodel), (SELECT max(id) FROM contributors_contributor)"
        ).fetchone()
        assert row is not None
        values = {
            "since": since, "votes": votes, "days": days, "prompt": prompt, "models": self.models,
            "people": self.people, "model": row[0] - self.models + 1, "person": row[1] - self.people + 1,
        }  # fmt: skip
        for statement in (_BATTLES, _ANSWERS, _VOTES):
            server.execute(statement, values)
        for table in ("battle", "vote"):
            server.execute(_NUMBERS.format(table, table).encode())


class _asleep:  # noqa: N801 - It reads as a verb where it is used.
    """A superuser's connection on which no trigger of the wall wakes; afterwards all are as awake as before."""

    def __enter__(self) -> psycopg.Connection[Any]:
        self._server = psycopg.connect(os.environ["BENCHMARK_ADMIN_URL"], autocommit=True)
        self._server.execute("SET session_replication_role = replica")
        self._server.execute("SET synchronous_commit = off")
        self._found: list[tuple[str, list[str]]] = self._server.execute(SLEEPING).fetchall()
        for table, _triggers in self._found:
            self._server.execute(sql.SQL("ALTER TABLE {} DISABLE TRIGGER USER").format(sql.Identifier(table)))
        return self._server

    def __exit__(self, *_what: object) -> None:
        for table, triggers in self._found:
            self._server.execute(sql.SQL("ALTER TABLE {} ENABLE TRIGGER USER").format(sql.Identifier(table)))
            for name in triggers:
                statement = sql.SQL("ALTER TABLE {} ENABLE ALWAYS TRIGGER {}")
                self._server.execute(statement.format(sql.Identifier(table), sql.Identifier(name)))
        self._server.close()
