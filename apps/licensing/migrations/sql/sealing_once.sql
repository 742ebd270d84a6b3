-- A million battles are judged once, and what is proved for all of them together is not asked again for each.

-- Whether any certificate is younger than a rulebook asks is one look at an index; hardly ever is one.
CREATE INDEX retired_cluster_by_age ON retired_cluster (last_live_at);

-- References to a release from what is written a million rows at a time: proved once for each statement, and held like
-- a foreign key holds them. A key would ask for the same release again for every row. Under ENABLE ALWAYS they are awake
-- where a foreign key sleeps.
CREATE FUNCTION wall_of_a_release() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  named bigint[] := ARRAY(SELECT DISTINCT release_id FROM fresh);
BEGIN
  PERFORM 1 FROM licensing_release WHERE id = ANY (named) ORDER BY id FOR KEY SHARE;
  IF EXISTS (SELECT unnest(named) EXCEPT SELECT id FROM licensing_release WHERE id = ANY (named)) THEN
    RAISE EXCEPTION 'a row of % names a release that is not there', TG_TABLE_NAME
      USING ERRCODE = 'foreign_key_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER wall_of_a_release AFTER INSERT ON release_item REFERENCING NEW TABLE AS fresh
  FOR EACH STATEMENT EXECUTE FUNCTION wall_of_a_release();
CREATE TRIGGER wall_of_a_release AFTER INSERT ON licensing_releasecandidate REFERENCING NEW TABLE AS fresh
  FOR EACH STATEMENT EXECUTE FUNCTION wall_of_a_release();

-- The other side: after the row is gone, and so after everybody who held it.
CREATE FUNCTION wall_release_stays() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM release_item WHERE release_id = OLD.id)
    OR EXISTS (SELECT 1 FROM licensing_releasecandidate WHERE release_id = OLD.id) THEN
    RAISE EXCEPTION 'release % has battles and stays', OLD.id USING ERRCODE = 'foreign_key_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER wall_release_goes AFTER DELETE ON licensing_release
  FOR EACH ROW EXECUTE FUNCTION wall_release_stays();
CREATE TRIGGER wall_release_moves AFTER UPDATE OF id ON licensing_release
  FOR EACH ROW WHEN (OLD.id <> NEW.id) EXECUTE FUNCTION wall_release_stays();
CREATE TRIGGER wall_refuse_change BEFORE TRUNCATE ON licensing_release
  FOR EACH STATEMENT EXECUTE FUNCTION wall_refuse_change();
ALTER TABLE release_item DROP CONSTRAINT release_item_release_id_fkey;

-- A candidate is a wish for a battle that there is. No battle goes that somebody wishes for.
CREATE FUNCTION wall_of_battles() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF EXISTS (
    SELECT 1 FROM fresh f WHERE NOT EXISTS (SELECT 1 FROM battles_battle b WHERE b.id = f.battle_id)) THEN
    RAISE EXCEPTION 'a candidate is no battle' USING ERRCODE = 'foreign_key_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER wall_of_battles AFTER INSERT ON licensing_releasecandidate REFERENCING NEW TABLE AS fresh
  FOR EACH STATEMENT EXECUTE FUNCTION wall_of_battles();
CREATE FUNCTION wall_battle_stays() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM licensing_releasecandidate c JOIN gone g ON g.id = c.battle_id) THEN
    RAISE EXCEPTION 'a draft asks for this battle' USING ERRCODE = 'foreign_key_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER wall_battle_stays AFTER DELETE ON battles_battle REFERENCING OLD TABLE AS gone
  FOR EACH STATEMENT EXECUTE FUNCTION wall_battle_stays();
-- What was asked for is not exchanged for something else.
CREATE TRIGGER wall_refuse_change BEFORE UPDATE ON licensing_releasecandidate
  FOR EACH STATEMENT EXECUTE FUNCTION wall_refuse_change();

-- Every battle that a draft asks for, each once, with the first clause that takes it out, or NULL. As before, in words
-- that can be answered for whole tables at a time: who has the one consent of now, given before the battle was opened,
-- had it all the way, and only for the others is the history read.
--
-- The candidates are a list in their order, so that the plan knows how many they are; what is looked up lies in the same
-- order. Then a few are found by their keys, and a million by reading along the indexes, where a hash of the five million
-- battles around them would have to be made first and does not fit into the memory of one step.
CREATE OR REPLACE FUNCTION judge_release(of_release bigint) RETURNS TABLE (battle_id bigint, clause text)
LANGUAGE plpgsql STABLE ROWS 100000 SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_custom_plan SET work_mem = '64MB' SET enable_hashjoin = off SET random_page_cost = 1.1 AS $$
#variable_conflict use_column
DECLARE
  live_after timestamptz := clock_timestamp() - make_interval(hours => wall_min_age_hours(of_release));
  is_any_young boolean := EXISTS (SELECT 1 FROM retired_cluster WHERE last_live_at > live_after);
  candidates bigint[] := ARRAY(
    SELECT battle_id FROM licensing_releasecandidate WHERE release_id = of_release ORDER BY battle_id);
BEGIN
  RETURN QUERY
  SELECT c.battle_id, CASE
    WHEN e.battle_id IS NULL OR sold.battle_id IS NOT NULL
      OR is_any_young AND EXISTS (
        SELECT 1 FROM eligible_battle_cluster x JOIN retired_cluster r ON r.cluster_id = x.cluster_id
        WHERE x.battle_id = c.battle_id AND r.last_live_at > live_after)
      THEN 'W1'
    WHEN le.redistribution_allowed IS NOT TRUE OR re.redistribution_allowed IS NOT TRUE
      OR by_author.given_at IS NULL OR by_voter.given_at IS NULL
      OR by_author.given_at > b.opened_at AND NOT EXISTS (
        SELECT 1 FROM contributors_consent k WHERE k.contributor_id = p.author_id AND k.kind = 'licensing'
          AND k.given_at <= b.opened_at AND (k.withdrawn_at IS NULL OR k.withdrawn_at > v.cast_at))
      OR by_voter.given_at > b.opened_at AND NOT EXISTS (
        SELECT 1 FROM contributors_consent k WHERE k.contributor_id = v.contributor_id AND k.kind = 'licensing'
          AND k.given_at <= b.opened_at AND (k.withdrawn_at IS NULL OR k.withdrawn_at > v.cast_at))
      THEN 'W2'
    WHEN v.id IS NULL OR v.excluded_under <> '' OR p.state IS DISTINCT FROM 'approved' OR p.screened_at IS NULL
      OR ls.battle_id IS NULL OR rs.battle_id IS NULL
      OR EXISTS (SELECT 1 FROM battles_turn t WHERE t.battle_id = c.battle_id AND t.screened_at IS NULL)
      THEN 'W3'
    END::text
  FROM unnest(candidates) AS c (battle_id)
  LEFT JOIN battles_battle b ON b.id = c.battle_id
  LEFT JOIN eligible_battle e ON e.battle_id = c.battle_id
  LEFT JOIN release_item sold ON sold.battle_id = c.battle_id
  LEFT JOIN battles_vote v ON v.battle_id = c.battle_id
  LEFT JOIN battles_response ls ON ls.battle_id = c.battle_id AND ls.side = 'left'
  LEFT JOIN battles_response rs ON rs.battle_id = c.battle_id AND rs.side = 'right'
  LEFT JOIN prompts_prompt p ON p.id = b.prompt_id
  LEFT JOIN battles_endpoint le ON le.id = b.left_endpoint_id
  LEFT JOIN battles_endpoint re ON re.id = b.right_endpoint_id
  LEFT JOIN contributors_consent by_author ON by_author.contributor_id = p.author_id
    AND by_author.kind = 'licensing' AND by_author.withdrawn_at IS NULL
  LEFT JOIN contributors_consent by_voter ON by_voter.contributor_id = v.contributor_id
    AND by_voter.kind = 'licensing' AND by_voter.withdrawn_at IS NULL;
END $$;

-- The clusters on which eligible ones of some battles rest.
CREATE FUNCTION wall_clusters_of(some_battles bigint[]) RETURNS bigint[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_custom_plan SET work_mem = '64MB' SET enable_hashjoin = off SET random_page_cost = 1.1 AS $$
BEGIN
  RETURN ARRAY(
    SELECT DISTINCT x.cluster_id
    FROM unnest(some_battles) AS s (id) JOIN eligible_battle_cluster x ON x.battle_id = s.id);
END $$;

-- Makes items of what no clause takes out of a draft, whoever asks, or, where the draft is to be sealed whole, of nothing
-- as soon as a clause takes anything out. Returns for each clause how many battles it takes out, and beside NULL how
-- many pass. The other battles of their clusters are eligible for no release any more.
--
-- Only what was eligible before its clusters were held is sold. A battle that becomes eligible meanwhile rests on a
-- cluster that nobody holds, and waits for the next release.
CREATE FUNCTION wall_seal(of_release bigint, some_only bigint[], must_be_whole boolean)
RETURNS TABLE (clause text, battles bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_custom_plan SET work_mem = '64MB' SET enable_hashjoin = off SET random_page_cost = 1.1 AS $$
#variable_conflict use_column
DECLARE
  stands text;
  found record;
  held bigint[];
  rests_on bigint[];
  passing bigint[] := '{}';
  is_whole boolean := true;
BEGIN
  PERFORM wall_require_read_committed();
  PERFORM wall_require_compared();
  -- Clusters of live battles are left alone: nobody who votes waits for a sale.
  held := wall_clusters_of(ARRAY(
    SELECT c.battle_id FROM licensing_releasecandidate c
    WHERE c.release_id = of_release AND (some_only IS NULL OR c.battle_id = ANY (some_only))));
  PERFORM 1 FROM prompts_cluster WHERE id IN (SELECT unnest(held)) ORDER BY id FOR UPDATE;
  SELECT state INTO stands FROM licensing_release WHERE id = of_release FOR UPDATE;
  IF stands IS DISTINCT FROM 'draft' THEN
    RAISE EXCEPTION 'release % is %, and only a draft is sealed', of_release, coalesce(stands, 'not there')
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  -- The judgement is made whole, of one moment, before the first item is written.
  FOR found IN
    SELECT j.clause, count(*) AS number,
      array_agg(j.battle_id ORDER BY j.battle_id) FILTER (WHERE j.clause IS NULL) AS battles
    FROM judge_release(of_release) j WHERE some_only IS NULL OR j.battle_id = ANY (some_only) GROUP BY j.clause
  LOOP
    passing := passing || coalesce(found.battles, '{}');
    IF found.clause IS NOT NULL THEN
      is_whole := false;
      clause := found.clause;
      battles := found.number;
      RETURN NEXT;
    END IF;
  END LOOP;
  rests_on := wall_clusters_of(passing);
  IF EXISTS (SELECT unnest(rests_on) EXCEPT SELECT unnest(held)) THEN
    is_whole := false;
    clause := 'W1';
    battles := cardinality(passing);
    passing := ARRAY(
      SELECT p.id FROM unnest(passing) AS p (id) WHERE NOT EXISTS (
        SELECT 1 FROM eligible_battle_cluster x WHERE x.battle_id = p.id AND x.cluster_id <> ALL (held)));
    battles := battles - cardinality(passing);
    RETURN NEXT;
    rests_on := wall_clusters_of(passing);
  END IF;
  clause := NULL;
  battles := cardinality(passing);
  RETURN NEXT;
  IF must_be_whole AND NOT is_whole THEN
    RETURN;
  END IF;
  INSERT INTO release_item (battle_id, release_id) SELECT p.id, of_release FROM unnest(passing) AS p (id);
  DELETE FROM eligible_battle e
  WHERE e.battle_id IN (
      SELECT y.battle_id FROM unnest(rests_on) AS r (id) JOIN eligible_battle_cluster y ON y.cluster_id = r.id
      EXCEPT SELECT unnest(passing))
    AND NOT EXISTS (SELECT 1 FROM release_item i WHERE i.battle_id = e.battle_id);
  -- Also wakes the trigger that compares the release with its items when the transaction ends.
  UPDATE licensing_release SET items = cardinality(passing) WHERE id = of_release;
END $$;

-- Seals a draft, and returns what was judged.
CREATE FUNCTION seal_draft(of_release bigint, must_be_whole boolean) RETURNS TABLE (clause text, battles bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RETURN QUERY SELECT s.clause, s.battles FROM wall_seal(of_release, NULL, must_be_whole) AS s;
END $$;

-- Seals some battles of a draft, and returns how many they are.
CREATE OR REPLACE FUNCTION seal_release(of_release bigint, battles bigint[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RETURN (SELECT s.battles FROM wall_seal(of_release, coalesce(seal_release.battles, '{}'), false) AS s
    WHERE s.clause IS NULL);
END $$;

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
REVOKE ALL ON FUNCTION seal_draft(bigint, boolean) FROM PUBLIC;
