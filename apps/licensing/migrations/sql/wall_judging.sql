-- What the clauses say about a draft, in one place: the service shows it, and seal_release goes by it. Whoever takes the
-- application over can therefore seal nothing that a clause takes out.

-- W1's hours for a release: the longer of the version it was drafted under and the one in force; 60 days at least.
CREATE FUNCTION wall_min_age_hours(of_release bigint) RETURNS integer
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  days integer;
BEGIN
  SELECT max((c.parameters ->> 'min_age_days')::integer) INTO days
  FROM policy_clause c JOIN policy_policyversion v ON v.id = c.version_id
  WHERE c.number = 'W1' AND v.number IN (
    (SELECT policy_version FROM licensing_release WHERE id = of_release),
    (SELECT number FROM policy_policyversion WHERE effective_at <= clock_timestamp() ORDER BY number DESC LIMIT 1));
  RETURN 24 * greatest(days, 60);
END $$;

-- Every battle that a draft asks for, each once, with the first clause that takes it out, or NULL.
--
-- A consent counts that was there from the opening of the battle to its vote, with one that is there now. Unknown
-- terms are NULL and count as no.
CREATE FUNCTION judge_release(of_release bigint) RETURNS TABLE (battle_id bigint, clause text)
LANGUAGE plpgsql STABLE ROWS 100000 SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
  live_after timestamptz := clock_timestamp() - make_interval(hours => wall_min_age_hours(of_release));
BEGIN
  RETURN QUERY
  SELECT c.battle_id, CASE
    WHEN e.battle_id IS NULL
      OR EXISTS (SELECT 1 FROM release_item i WHERE i.battle_id = c.battle_id)
      OR EXISTS (SELECT 1 FROM eligible_battle_cluster x JOIN retired_cluster r ON r.cluster_id = x.cluster_id
        WHERE x.battle_id = c.battle_id AND r.last_live_at > live_after)
      THEN 'W1'
    WHEN le.redistribution_allowed IS NOT TRUE OR re.redistribution_allowed IS NOT TRUE
      OR EXISTS (
        SELECT 1 FROM (VALUES (p.author_id), (v.contributor_id)) AS person (id)
        WHERE NOT EXISTS (
            SELECT 1 FROM contributors_consent k WHERE k.contributor_id = person.id AND k.kind = 'licensing'
              AND k.given_at <= b.opened_at AND (k.withdrawn_at IS NULL OR k.withdrawn_at > v.cast_at))
          OR NOT EXISTS (
            SELECT 1 FROM contributors_consent k WHERE k.contributor_id = person.id AND k.kind = 'licensing'
              AND k.withdrawn_at IS NULL))
      THEN 'W2'
    WHEN v.id IS NULL OR v.excluded_under <> '' OR p.state IS DISTINCT FROM 'approved' OR p.screened_at IS NULL
      OR 2 <> (SELECT count(*) FROM battles_response s WHERE s.battle_id = c.battle_id)
      OR EXISTS (SELECT 1 FROM battles_turn t WHERE t.battle_id = c.battle_id AND t.screened_at IS NULL)
      THEN 'W3'
    END::text
  FROM licensing_releasecandidate c
  JOIN battles_battle b ON b.id = c.battle_id
  LEFT JOIN eligible_battle e ON e.battle_id = c.battle_id
  LEFT JOIN battles_vote v ON v.battle_id = c.battle_id
  LEFT JOIN prompts_prompt p ON p.id = b.prompt_id
  LEFT JOIN battles_endpoint le ON le.id = b.left_endpoint_id
  LEFT JOIN battles_endpoint re ON re.id = b.right_endpoint_id
  WHERE c.release_id = of_release;
END $$;

-- Which founders were compared with which others, by which numbers of clause P3. Written when a comparison of all of
-- them is finished.
CREATE TABLE clusters_compared (
  id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  near_jaccard double precision NOT NULL,
  permutations integer NOT NULL,
  bands integer NOT NULL,
  shingle integer NOT NULL,
  finished_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TRIGGER wall_refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON clusters_compared
  FOR EACH STATEMENT EXECUTE FUNCTION wall_refuse_change();
-- Screening compared every prompt by the numbers of the editions so far.
INSERT INTO clusters_compared (near_jaccard, permutations, bands, shingle)
SELECT DISTINCT (parameters ->> 'near_jaccard')::double precision, (parameters ->> 'permutations')::integer,
  (parameters ->> 'bands')::integer, (parameters ->> 'shingle')::integer
FROM policy_clause WHERE number = 'P3';

-- A rule under which more texts resemble each other must be applied to the old ones before anything more is sold.
CREATE FUNCTION wall_require_compared() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF EXISTS (
    SELECT 1 FROM policy_clause c
    WHERE c.number = 'P3' AND c.version_id = (
        SELECT id FROM policy_policyversion WHERE effective_at <= clock_timestamp() ORDER BY number DESC LIMIT 1)
      AND NOT EXISTS (
        SELECT 1 FROM clusters_compared d
        WHERE d.near_jaccard <= (c.parameters ->> 'near_jaccard')::double precision
          AND d.permutations = (c.parameters ->> 'permutations')::integer
          AND d.bands = (c.parameters ->> 'bands')::integer AND d.shingle = (c.parameters ->> 'shingle')::integer))
  THEN
    RAISE EXCEPTION 'clause P3 has new numbers, and the clusters have not been compared by them yet'
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
END $$;

-- As before, and only what no clause takes out, whoever asks. The judgement is made whole, of one moment, before the
-- first item is written; and what was sold before is passed over by the index, never by reading what this writes.
CREATE OR REPLACE FUNCTION seal_release(of_release bigint, battles bigint[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  stands text;
  sealed bigint;
BEGIN
  PERFORM wall_require_read_committed();
  PERFORM wall_require_compared();
  PERFORM 1 FROM prompts_cluster WHERE id IN (
    SELECT c.cluster_id FROM unnest(battles) AS asked (id) JOIN battle_cluster c ON c.battle_id = asked.id)
  ORDER BY id FOR UPDATE;
  SELECT state INTO stands FROM licensing_release WHERE id = of_release FOR UPDATE;
  IF stands IS DISTINCT FROM 'draft' THEN
    RAISE EXCEPTION 'release % is %, and only a draft is sealed', of_release, coalesce(stands, 'not there')
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  INSERT INTO release_item (battle_id, release_id)
  SELECT e.battle_id, of_release
  FROM judge_release(of_release) j
  JOIN eligible_battle e ON e.battle_id = j.battle_id
  JOIN (SELECT DISTINCT id FROM unnest(battles) AS a (id)) AS asked ON asked.id = e.battle_id
  WHERE j.clause IS NULL
  ON CONFLICT (battle_id) DO NOTHING;
  GET DIAGNOSTICS sealed = ROW_COUNT;
  DELETE FROM eligible_battle e
  WHERE e.battle_id IN (
      SELECT y.battle_id FROM release_item i
      JOIN eligible_battle_cluster x ON x.battle_id = i.battle_id
      JOIN eligible_battle_cluster y ON y.cluster_id = x.cluster_id
      WHERE i.release_id = of_release)
    AND NOT EXISTS (SELECT 1 FROM release_item i WHERE i.battle_id = e.battle_id);
  -- Also wakes the trigger that compares the release with its items when the transaction ends.
  UPDATE licensing_release SET items = sealed WHERE id = of_release;
  RETURN sealed;
END $$;

-- All of the wall's triggers stay awake under replica mode, and nobody calls what only triggers call.
DO $$
DECLARE
  each record;
BEGIN
  FOR each IN SELECT tgrelid::regclass AS table_name, tgname FROM pg_trigger WHERE tgname LIKE 'wall\_%' LOOP
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', each.table_name, each.tgname);
  END LOOP;
  FOR each IN SELECT oid::regprocedure AS signature FROM pg_proc
    WHERE pronamespace = 'public'::regnamespace AND proname LIKE 'wall\_%' LOOP
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', each.signature);
  END LOOP;
END $$;
REVOKE ALL ON FUNCTION cluster_is_closed(bigint), judge_release(bigint) FROM PUBLIC;
