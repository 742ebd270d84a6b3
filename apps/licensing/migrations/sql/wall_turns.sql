-- Further turns of a battle: each is a live event, and its words live in a cluster as a prompt's do.

-- A battle's words live in a cluster when its prompt's or any further turn's do.
CREATE OR REPLACE FUNCTION wall_has_clustered_words(of_battle bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RETURN EXISTS (
    SELECT 1 FROM battles_battle b JOIN prompts_prompt p ON p.id = b.prompt_id
    WHERE b.id = of_battle AND p.cluster_id IS NOT NULL)
  OR EXISTS (SELECT 1 FROM battles_turn t WHERE t.battle_id = of_battle AND t.cluster_id IS NOT NULL);
END $$;

-- Turns follow each other without a gap, on a battle that was fought here and not sold; the time is the database's.
CREATE FUNCTION wall_before_words() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  of_twin bigint;
BEGIN
  PERFORM wall_require_read_committed();
  IF NOT EXISTS (SELECT 1 FROM battles_battle WHERE id = NEW.battle_id AND source = 'platform') THEN
    RAISE EXCEPTION 'battle % was not fought here and has no turns', NEW.battle_id USING ERRCODE = 'check_violation';
  END IF;
  IF EXISTS (SELECT 1 FROM release_item WHERE battle_id = NEW.battle_id) THEN
    RAISE EXCEPTION 'battle % was released and stays as it is', NEW.battle_id USING ERRCODE = 'restrict_violation';
  END IF;
  IF NEW.number <> 1 + (SELECT coalesce(max(number), 1) FROM battles_turn WHERE battle_id = NEW.battle_id) THEN
    RAISE EXCEPTION 'turn % of battle % is not the next', NEW.number, NEW.battle_id USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.cluster_id IS NOT NULL THEN
    -- The same words live together, as for prompts.
    SELECT t.cluster_id INTO of_twin FROM (
      SELECT id, cluster_id FROM prompts_prompt
      WHERE text_sha256 = NEW.text_sha256 AND cluster_id IS NOT NULL OFFSET 0) AS t
    ORDER BY t.id LIMIT 1;
    IF of_twin IS NOT NULL AND wall_end_of(of_twin) <> wall_end_of(NEW.cluster_id) THEN
      RAISE EXCEPTION 'the words of this turn live in cluster %', of_twin USING ERRCODE = 'restrict_violation';
    END IF;
  END IF;
  IF NOT wall_loads_history(TG_RELID) THEN
    NEW.created_at := clock_timestamp();
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER wall_before_words BEFORE INSERT ON battles_turn FOR EACH ROW EXECUTE FUNCTION wall_before_words();

CREATE FUNCTION wall_on_words() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF NEW.cluster_id IS NOT NULL THEN
    INSERT INTO battle_cluster (battle_id, cluster_id) VALUES (NEW.battle_id, wall_living_cluster(NEW.cluster_id));
  END IF;
  PERFORM wall_on_row(NEW.battle_id, TG_RELID, NEW.created_at);
  RETURN NULL;
END $$;
CREATE TRIGGER wall_on_words AFTER INSERT ON battles_turn FOR EACH ROW EXECUTE FUNCTION wall_on_words();

-- A turn stays where and what it is. Only that it was screened is put down later, once.
CREATE TRIGGER wall_keep_turn BEFORE UPDATE ON battles_turn FOR EACH ROW
  WHEN (OLD.screened_at IS NOT NULL AND OLD.screened_at IS DISTINCT FROM NEW.screened_at
    OR ROW (OLD.id, OLD.battle_id, OLD.number, OLD.text, OLD.text_sha256, OLD.language, OLD.cluster_id, OLD.created_at)
      IS DISTINCT FROM
      ROW (NEW.id, NEW.battle_id, NEW.number, NEW.text, NEW.text_sha256, NEW.language, NEW.cluster_id, NEW.created_at))
  EXECUTE FUNCTION wall_keep();
CREATE TRIGGER wall_refuse_change BEFORE DELETE OR TRUNCATE ON battles_turn
  FOR EACH STATEMENT EXECUTE FUNCTION wall_refuse_change();

-- A signature outlives the words, or the wall forgets what it sold. Its values may be made anew by a better rule.
CREATE TRIGGER wall_keep_signature BEFORE UPDATE ON prompts_promptsignature FOR EACH ROW
  WHEN (ROW (OLD.id, OLD.prompt_id, OLD.cluster_id, OLD.is_founder)
    IS DISTINCT FROM ROW (NEW.id, NEW.prompt_id, NEW.cluster_id, NEW.is_founder))
  EXECUTE FUNCTION wall_keep();
CREATE TRIGGER wall_refuse_change BEFORE DELETE OR TRUNCATE ON prompts_promptsignature
  FOR EACH STATEMENT EXECUTE FUNCTION wall_refuse_change();
CREATE TRIGGER wall_refuse_change BEFORE DELETE OR TRUNCATE ON prompts_turnfounder
  FOR EACH STATEMENT EXECUTE FUNCTION wall_refuse_change();
