-- Which method of signing the founders were compared by, beside the numbers of clause P3: the last number in the name of
-- an algorithm (apps/prompts/domain/similarity.py).
ALTER TABLE clusters_compared ADD COLUMN method integer NOT NULL DEFAULT 1 CHECK (method > 0);
ALTER TABLE clusters_compared ALTER COLUMN method DROP DEFAULT;
-- Where nothing has been signed yet there is nothing to compare anew.
INSERT INTO clusters_compared (near_jaccard, permutations, bands, shingle, method)
SELECT DISTINCT near_jaccard, permutations, bands, shingle, 2 FROM clusters_compared
WHERE NOT EXISTS (SELECT FROM prompts_promptsignature) AND NOT EXISTS (SELECT FROM prompts_turnfounder);

-- A rule or a method under which more texts resemble each other must be applied to the old ones before anything more is
-- sold. The newest method is the one under which the newest founders are signed: each algorithm is found by a jump from
-- one to the next in the index, since there may be a million founders and two algorithms.
CREATE OR REPLACE FUNCTION wall_require_compared() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  newest integer;
BEGIN
  WITH RECURSIVE signed (algorithm) AS (
    (SELECT algorithm FROM prompts_promptsignature WHERE is_founder ORDER BY algorithm LIMIT 1)
    UNION ALL
    SELECT (SELECT s.algorithm FROM prompts_promptsignature s WHERE s.is_founder AND s.algorithm > signed.algorithm
      ORDER BY s.algorithm LIMIT 1) FROM signed WHERE signed.algorithm IS NOT NULL)
  SELECT coalesce(max(substring(f.algorithm FROM '-([0-9]+)$')::integer), 1) INTO newest
  FROM (SELECT algorithm FROM signed UNION SELECT algorithm FROM prompts_turnfounder) AS f;
  IF EXISTS (
    SELECT 1 FROM policy_clause c
    WHERE c.number = 'P3' AND c.version_id = (
        SELECT id FROM policy_policyversion WHERE effective_at <= clock_timestamp() ORDER BY number DESC LIMIT 1)
      AND NOT EXISTS (
        SELECT 1 FROM clusters_compared d
        WHERE d.near_jaccard <= (c.parameters ->> 'near_jaccard')::double precision
          AND d.permutations = (c.parameters ->> 'permutations')::integer
          AND d.bands = (c.parameters ->> 'bands')::integer AND d.shingle = (c.parameters ->> 'shingle')::integer
          AND d.method >= newest))
  THEN
    RAISE EXCEPTION 'the rules or the method of likeness are new, and the clusters have not been compared by them yet'
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
END $$;
