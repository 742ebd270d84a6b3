-- What the wall knows of offers: a release that somebody has received is withdrawn and never given up. Its battles stay
-- where they are, released for good.

CREATE OR REPLACE FUNCTION wall_on_release() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF NEW.state <> OLD.state AND (OLD.state || ' to ' || NEW.state) NOT IN (
    'draft to sealed', 'draft to refused', 'draft to cancelled', 'sealed to cancelled',
    'sealed to withdrawn') THEN
    RAISE EXCEPTION 'release % does not go from % to %', NEW.id, OLD.state, NEW.state
      USING ERRCODE = 'restrict_violation';
  END IF;
  IF OLD.state <> 'draft' AND to_jsonb(NEW) - ARRAY['state', 'cancelled_at', 'withdrawn_at']
    IS DISTINCT FROM to_jsonb(OLD) - ARRAY['state', 'cancelled_at', 'withdrawn_at'] THEN
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
  IF items <> (CASE WHEN release.state IN ('sealed', 'withdrawn') THEN release.items ELSE 0 END) THEN
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
  IF EXISTS (
    SELECT 1 FROM licensing_delivery d JOIN licensing_edition e ON e.id = d.edition_id WHERE e.release_id = of_release)
  THEN
    RAISE EXCEPTION 'somebody has received release %, which can be withdrawn but not given up', of_release
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  DELETE FROM release_item WHERE release_id = of_release;
  DELETE FROM eligible_battle
  WHERE battle_id IN (SELECT battle_id FROM eligible_battle_cluster WHERE cluster_id = ANY (clusters));
  DELETE FROM retired_cluster WHERE cluster_id = ANY (clusters);
  UPDATE licensing_offer SET state = 'cancelled', ended_at = clock_timestamp()
  WHERE release_id = of_release AND ended_at IS NULL;
  UPDATE licensing_release SET state = 'cancelled', cancelled_at = clock_timestamp() WHERE id = of_release;
END $$;

-- Who drafted a release, and under which rules, is what approvals and openings go by: it stays from the first moment on.
CREATE FUNCTION wall_keep_draft() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF NOT wall_loads_history(TG_RELID) THEN
    RAISE EXCEPTION 'release % keeps who drafted it and under which rules', OLD.id USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER wall_keep_draft BEFORE UPDATE ON licensing_release FOR EACH ROW
  WHEN (ROW (OLD.drafted_by_id, OLD.policy_version) IS DISTINCT FROM ROW (NEW.drafted_by_id, NEW.policy_version))
  EXECUTE FUNCTION wall_keep_draft();

-- An attempt that was closed stays as it was closed. What is named afterwards, once: its entry of the log, and the
-- release that came of it.
CREATE FUNCTION wall_on_attempt() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  open_still text[] := '{}';
BEGIN
  IF OLD.entry IS NULL THEN
    open_still := open_still || ARRAY['entry'];
  END IF;
  IF OLD.release_id IS NULL THEN
    open_still := open_still || ARRAY['release_id'];
  END IF;
  IF to_jsonb(NEW) - open_still IS DISTINCT FROM to_jsonb(OLD) - open_still AND NOT wall_loads_history(TG_RELID) THEN
    RAISE EXCEPTION 'attempt % is closed and is not rewritten', OLD.id USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER wall_on_attempt BEFORE UPDATE ON licensing_attempt FOR EACH ROW
  WHEN (OLD.state <> 'attempted') EXECUTE FUNCTION wall_on_attempt();
