-- What happens by itself: live events take certificates back, and what belongs together stays together.
--
-- ENABLE ALWAYS keeps the triggers awake under session_replication_role = replica. The time of an event is the
-- database's. Only the owner of the tables may bring a time along: histories are loaded by that role, and no process
-- that serves holds its password.

CREATE FUNCTION wall_loads_history(of_table oid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RETURN session_user = (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = of_table);
END $$;

-- The cluster that a cluster's prompts have joined at last, held so that no merge moves it on.
CREATE FUNCTION wall_living_cluster(of_cluster bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  living bigint := of_cluster;
  next_one bigint;
BEGIN
  LOOP
    SELECT merged_into_id INTO next_one FROM prompts_cluster WHERE id = living FOR KEY SHARE;
    IF next_one IS NULL THEN
      RETURN living;
    END IF;
    living := next_one;
  END LOOP;
END $$;

-- Whether a battle's time was set moments ago, so that one act makes one event. A minute is nothing to sixty days, and
-- it keeps a transaction that has been open for long from hiding an event.
CREATE FUNCTION wall_is_fresh(last_event_at timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RETURN last_event_at >= transaction_timestamp() AND last_event_at > clock_timestamp() - interval '1 minute';
END $$;

CREATE FUNCTION wall_on_open() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF NEW.last_event_at IS NULL OR NOT wall_loads_history(TG_RELID) THEN
    NEW.last_event_at := clock_timestamp();
  END IF;
  NEW.tag := NULL;
  RETURN NEW;
END $$;
CREATE TRIGGER wall_on_open BEFORE INSERT ON battles_battle FOR EACH ROW EXECUTE FUNCTION wall_on_open();

-- A battle is fought in its prompt's cluster, whoever writes it and whatever they forget.
CREATE FUNCTION wall_after_open() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  of_prompt bigint;
BEGIN
  SELECT cluster_id INTO of_prompt FROM prompts_prompt WHERE id = NEW.prompt_id;
  IF of_prompt IS NOT NULL THEN
    INSERT INTO battle_cluster (battle_id, cluster_id) VALUES (NEW.id, wall_living_cluster(of_prompt));
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER wall_after_open AFTER INSERT ON battles_battle FOR EACH ROW
  WHEN (NEW.prompt_id IS NOT NULL) EXECUTE FUNCTION wall_after_open();

-- Words enter a cluster. Writing the same row twice is no error, since the trigger above may have been there first.
CREATE FUNCTION wall_on_turn() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  is_unsold boolean;
  is_from text;
BEGIN
  IF EXISTS (SELECT 1 FROM battle_cluster WHERE battle_id = NEW.battle_id AND cluster_id = NEW.cluster_id) THEN
    RETURN NULL;
  END IF;
  is_unsold := revive_cluster(NEW.cluster_id);
  SELECT source INTO is_from FROM battles_battle WHERE id = NEW.battle_id;
  IF is_from IS DISTINCT FROM 'platform' THEN
    RAISE EXCEPTION 'battle % was not fought here and has no cluster', NEW.battle_id USING ERRCODE = 'check_violation';
  END IF;
  IF EXISTS (SELECT 1 FROM release_item WHERE battle_id = NEW.battle_id) THEN
    RAISE EXCEPTION 'battle % was released and stays as it is', NEW.battle_id USING ERRCODE = 'restrict_violation';
  END IF;
  IF NOT is_unsold THEN
    UPDATE battles_battle SET tag = 'released' WHERE id = NEW.battle_id;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER wall_on_turn BEFORE INSERT ON battle_cluster FOR EACH ROW EXECUTE FUNCTION wall_on_turn();

CREATE FUNCTION wall_after_turn() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  living bigint := wall_living_cluster(NEW.cluster_id);
BEGIN
  -- Whoever names a merged cluster means the one that it was merged into as well.
  IF living <> NEW.cluster_id THEN
    INSERT INTO battle_cluster (battle_id, cluster_id) VALUES (NEW.battle_id, living);
  END IF;
  -- New words are a live event; this UPDATE also waits for a retirement that is making the battle eligible without the
  -- new row. The row that a merge adds brings no words, and histories bring their own times.
  IF NOT wall_loads_history(TG_RELID) AND NOT EXISTS (
    SELECT 1 FROM battle_cluster o JOIN prompts_cluster m ON m.id = o.cluster_id
    WHERE o.battle_id = NEW.battle_id AND m.merged_into_id = NEW.cluster_id) THEN
    UPDATE battles_battle SET last_event_at = clock_timestamp()
    WHERE id = NEW.battle_id AND NOT wall_is_fresh(last_event_at);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER wall_after_turn AFTER INSERT ON battle_cluster FOR EACH ROW EXECUTE FUNCTION wall_after_turn();

-- Something happens on a battle: none of its clusters is retired any more.
CREATE FUNCTION wall_on_event() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  held bigint[] := '{}';
  of_cluster bigint;
BEGIN
  IF NEW.last_event_at IS NOT DISTINCT FROM OLD.last_event_at OR NOT wall_loads_history(TG_RELID) THEN
    NEW.last_event_at := clock_timestamp();
  END IF;
  IF EXISTS (SELECT 1 FROM release_item WHERE battle_id = NEW.id) THEN
    RAISE EXCEPTION 'battle % was released and stays as it is', NEW.id USING ERRCODE = 'restrict_violation';
  END IF;
  -- Again until nothing is new: a merge may have added a cluster while this waited for the one that was merged.
  LOOP
    SELECT min(cluster_id) INTO of_cluster FROM battle_cluster
    WHERE battle_id = NEW.id AND cluster_id <> ALL (held);
    EXIT WHEN of_cluster IS NULL;
    IF NOT revive_cluster(of_cluster) THEN
      NEW.tag := 'released';
    END IF;
    held := held || of_cluster;
  END LOOP;
  RETURN NEW;
END $$;
CREATE TRIGGER wall_on_event BEFORE UPDATE OF last_event_at, voted ON battles_battle
  FOR EACH ROW EXECUTE FUNCTION wall_on_event();

-- Answers and votes are rows of their own; each is an event on its battle. A history brings its own time.
CREATE FUNCTION wall_on_row(of_battle bigint, of_table oid, its_time timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF wall_loads_history(of_table) THEN
    UPDATE battles_battle SET last_event_at = its_time
    WHERE id = of_battle AND source = 'platform' AND last_event_at < its_time;
  ELSE
    UPDATE battles_battle SET last_event_at = clock_timestamp()
    WHERE id = of_battle AND source = 'platform' AND NOT wall_is_fresh(last_event_at);
  END IF;
END $$;

CREATE FUNCTION wall_on_answer() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  PERFORM wall_on_row(NEW.battle_id, TG_RELID, NEW.created_at);
  RETURN NULL;
END $$;
CREATE TRIGGER wall_on_answer AFTER INSERT ON battles_response FOR EACH ROW EXECUTE FUNCTION wall_on_answer();

CREATE FUNCTION wall_on_vote() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  PERFORM wall_on_row(NEW.battle_id, TG_RELID, NEW.cast_at);
  RETURN NULL;
END $$;
CREATE TRIGGER wall_on_vote AFTER INSERT ON battles_vote FOR EACH ROW EXECUTE FUNCTION wall_on_vote();

-- An eligible battle rests on all of its clusters, compared when the transaction ends.
CREATE FUNCTION wall_whole() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  of_battle bigint := CASE TG_OP WHEN 'DELETE' THEN OLD.battle_id ELSE NEW.battle_id END;
BEGIN
  IF EXISTS (SELECT 1 FROM eligible_battle WHERE battle_id = of_battle) AND (
    NOT EXISTS (SELECT 1 FROM battle_cluster WHERE battle_id = of_battle)
    OR EXISTS (
      SELECT 1 FROM battle_cluster c WHERE c.battle_id = of_battle AND NOT EXISTS (
        SELECT 1 FROM eligible_battle_cluster e WHERE e.battle_id = c.battle_id AND e.cluster_id = c.cluster_id)))
  THEN
    RAISE EXCEPTION 'battle % has a cluster that is not retired', of_battle
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER wall_whole AFTER INSERT OR UPDATE ON eligible_battle
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wall_whole();
CREATE CONSTRAINT TRIGGER wall_whole AFTER UPDATE OR DELETE ON eligible_battle_cluster
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wall_whole();
CREATE CONSTRAINT TRIGGER wall_whole AFTER INSERT ON battle_cluster
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wall_whole();

-- Certificates, eligibility and items come and go whole, by the functions; nothing of them is edited.
CREATE FUNCTION wall_refuse_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RAISE EXCEPTION '% on % is refused: its rows are not changed', TG_OP, TG_TABLE_NAME
    USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER wall_refuse_change BEFORE UPDATE OR TRUNCATE ON retired_cluster
  FOR EACH STATEMENT EXECUTE FUNCTION wall_refuse_change();
CREATE TRIGGER wall_refuse_change BEFORE UPDATE OR TRUNCATE ON eligible_battle
  FOR EACH STATEMENT EXECUTE FUNCTION wall_refuse_change();
CREATE TRIGGER wall_refuse_change BEFORE UPDATE OR TRUNCATE ON eligible_battle_cluster
  FOR EACH STATEMENT EXECUTE FUNCTION wall_refuse_change();
CREATE TRIGGER wall_refuse_change BEFORE UPDATE OR TRUNCATE ON release_item
  FOR EACH STATEMENT EXECUTE FUNCTION wall_refuse_change();
CREATE TRIGGER wall_refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON battle_cluster
  FOR EACH STATEMENT EXECUTE FUNCTION wall_refuse_change();
-- Also takes a battle's foreign key out of reach of TRUNCATE ... CASCADE.
CREATE TRIGGER wall_refuse_change BEFORE TRUNCATE ON battles_battle
  FOR EACH STATEMENT EXECUTE FUNCTION wall_refuse_change();
CREATE TRIGGER wall_refuse_change BEFORE TRUNCATE ON prompts_cluster
  FOR EACH STATEMENT EXECUTE FUNCTION wall_refuse_change();

-- What a battle is, and on what it was fought, stays. Clusters begin on their own and are merged once.
CREATE FUNCTION wall_keep() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RAISE EXCEPTION 'this column of % is not changed once it is set', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER wall_keep_battle BEFORE UPDATE OF id, source, prompt_id ON battles_battle FOR EACH ROW
  WHEN (ROW (OLD.id, OLD.source, OLD.prompt_id) IS DISTINCT FROM ROW (NEW.id, NEW.source, NEW.prompt_id))
  EXECUTE FUNCTION wall_keep();
CREATE TRIGGER wall_keep_new_cluster BEFORE INSERT ON prompts_cluster FOR EACH ROW
  WHEN (NEW.merged_into_id IS NOT NULL) EXECUTE FUNCTION wall_keep();
CREATE TRIGGER wall_keep_cluster BEFORE UPDATE OF id, merged_into_id ON prompts_cluster FOR EACH ROW
  WHEN (OLD.id <> NEW.id OR OLD.merged_into_id IS NOT NULL AND OLD.merged_into_id IS DISTINCT FROM NEW.merged_into_id)
  EXECUTE FUNCTION wall_keep();

-- A prompt stays in its cluster, or follows it into the one that it was merged into. One that is clustered late takes
-- its battles along.
CREATE FUNCTION wall_on_clustering() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF OLD.cluster_id IS NULL THEN
    INSERT INTO battle_cluster (battle_id, cluster_id)
    SELECT id, wall_living_cluster(NEW.cluster_id) FROM battles_battle WHERE prompt_id = NEW.id ORDER BY id;
  ELSIF NEW.cluster_id IS NULL OR NEW.cluster_id <> wall_living_cluster(OLD.cluster_id) THEN
    RAISE EXCEPTION 'prompt % stays in cluster %', NEW.id, OLD.cluster_id USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER wall_on_clustering AFTER UPDATE OF cluster_id ON prompts_prompt FOR EACH ROW
  WHEN (OLD.cluster_id IS DISTINCT FROM NEW.cluster_id) EXECUTE FUNCTION wall_on_clustering();

-- A release goes forward only, and what was sealed is not rewritten.
CREATE FUNCTION wall_on_release() RETURNS trigger
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
CREATE TRIGGER wall_on_release BEFORE UPDATE ON licensing_release FOR EACH ROW EXECUTE FUNCTION wall_on_release();

-- A release has items when it is sealed, as many as it says, and none otherwise.
CREATE FUNCTION wall_release_whole() RETURNS trigger
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
CREATE CONSTRAINT TRIGGER wall_release_whole AFTER INSERT OR UPDATE ON licensing_release
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wall_release_whole();

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
