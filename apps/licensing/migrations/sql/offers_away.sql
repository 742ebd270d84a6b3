DROP TRIGGER wall_on_attempt ON licensing_attempt;
DROP FUNCTION wall_on_attempt();
DROP TRIGGER wall_keep_draft ON licensing_release;
DROP FUNCTION wall_keep_draft();
-- As it was before there were offers.
CREATE OR REPLACE FUNCTION wall_on_release() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF NEW.state <> OLD.state AND (OLD.state || ' to ' || NEW.state) NOT IN (
    'draft to sealed', 'draft to refused', 'draft to cancelled', 'sealed to cancelled') THEN
    RAISE EXCEPTION 'release % does not go from % to %', NEW.id, OLD.state, NEW.state
      USING ERRCODE = 'restrict_violation';
  END IF;
  IF OLD.state <> 'draft' AND to_jsonb(NEW) - ARRAY['state', 'cancelled_at']
    IS DISTINCT FROM to_jsonb(OLD) - ARRAY['state', 'cancelled_at'] THEN
    RAISE EXCEPTION 'release % is % and is not rewritten', NEW.id, OLD.state USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION wall_release_whole() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  release licensing_release;
  items bigint;
BEGIN
  SELECT * INTO release FROM licensing_release WHERE id = NEW.id;
  SELECT count(*) INTO items FROM release_item WHERE release_id = NEW.id;
  IF items <> (CASE release.state WHEN 'sealed' THEN release.items ELSE 0 END) THEN
    RAISE EXCEPTION 'release % is % and has % items', NEW.id, release.state, items
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION cancel_release(of_release bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  clusters bigint[];
  stands text;
BEGIN
  PERFORM wall_require_read_committed();
  SELECT array_agg(DISTINCT e.cluster_id) INTO clusters
  FROM release_item i JOIN eligible_battle_cluster e ON e.battle_id = i.battle_id WHERE i.release_id = of_release;
  PERFORM 1 FROM prompts_cluster WHERE id = ANY (clusters) ORDER BY id FOR UPDATE;
  SELECT state INTO stands FROM licensing_release WHERE id = of_release FOR UPDATE;
  IF stands IS DISTINCT FROM 'sealed' THEN
    RAISE EXCEPTION 'release % is %, and only a sealed one gives its clusters back', of_release,
      coalesce(stands, 'not there') USING ERRCODE = 'invalid_parameter_value';
  END IF;
  DELETE FROM release_item WHERE release_id = of_release;
  DELETE FROM eligible_battle
  WHERE battle_id IN (SELECT battle_id FROM eligible_battle_cluster WHERE cluster_id = ANY (clusters));
  DELETE FROM retired_cluster WHERE cluster_id = ANY (clusters);
  UPDATE licensing_release SET state = 'cancelled', cancelled_at = clock_timestamp() WHERE id = of_release;
END $$;
