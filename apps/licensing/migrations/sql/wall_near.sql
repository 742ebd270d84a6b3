-- What resembles something sold is never sold, and never scored again.
--
-- Two clusters that a text is near to become one at once, so that they are live and retired together. A sold cluster
-- is not merged: the other one gets an edge to it. A cluster with an edge gets no certificate, and its battles are
-- tagged from then on. When the sale is given up, the edge becomes the merge that it stood for.

CREATE TABLE near_released (
  cluster_id bigint NOT NULL REFERENCES prompts_cluster (id) ON UPDATE RESTRICT ON DELETE RESTRICT NOT DEFERRABLE,
  released_cluster_id bigint NOT NULL REFERENCES prompts_cluster (id)
    ON UPDATE RESTRICT ON DELETE RESTRICT NOT DEFERRABLE,
  jaccard double precision NOT NULL,
  at timestamptz NOT NULL,
  PRIMARY KEY (cluster_id, released_cluster_id),
  CONSTRAINT near_released_two_clusters CHECK (cluster_id <> released_cluster_id),
  CONSTRAINT near_released_is_a_share CHECK (jaccard >= 0 AND jaccard <= 1)
);
CREATE INDEX near_released_by_released ON near_released (released_cluster_id);

CREATE FUNCTION wall_is_near_released(of_cluster bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RETURN EXISTS (SELECT 1 FROM near_released WHERE cluster_id = of_cluster);
END $$;

-- Whether a cluster was sold and takes no further words in. Screening asks before it lets a prompt join one.
CREATE FUNCTION cluster_is_closed(of_cluster bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RETURN cluster_is_released(of_cluster);
END $$;

-- Never a certificate and an edge at once, whoever writes either.
CREATE FUNCTION wall_not_both() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF TG_TABLE_NAME = 'retired_cluster' AND wall_is_near_released(NEW.cluster_id) THEN
    RAISE EXCEPTION 'cluster % resembles a released one and is never past the wall', NEW.cluster_id
      USING ERRCODE = 'restrict_violation';
  END IF;
  IF TG_TABLE_NAME = 'near_released' AND EXISTS (
    SELECT 1 FROM retired_cluster WHERE cluster_id = NEW.cluster_id) THEN
    RAISE EXCEPTION 'cluster % has a certificate, which must go first', NEW.cluster_id
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER wall_not_both BEFORE INSERT ON retired_cluster FOR EACH ROW EXECUTE FUNCTION wall_not_both();
CREATE TRIGGER wall_not_both BEFORE INSERT ON near_released FOR EACH ROW EXECUTE FUNCTION wall_not_both();
CREATE TRIGGER wall_refuse_change BEFORE UPDATE OR TRUNCATE ON near_released
  FOR EACH STATEMENT EXECUTE FUNCTION wall_refuse_change();

-- An edge goes when what it leads to is not sold any more, and not before.
CREATE FUNCTION wall_keep_edge() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF cluster_is_released(OLD.released_cluster_id) THEN
    RAISE EXCEPTION 'cluster % stays near cluster %, which was released', OLD.cluster_id, OLD.released_cluster_id
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN OLD;
END $$;
CREATE TRIGGER wall_keep_edge BEFORE DELETE ON near_released FOR EACH ROW EXECUTE FUNCTION wall_keep_edge();

-- Whether a battle gets this row because its cluster was merged: such a row brings no words.
CREATE FUNCTION wall_is_by_merge(of_battle bigint, of_cluster bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RETURN EXISTS (
    SELECT 1 FROM battle_cluster o JOIN prompts_cluster m ON m.id = o.cluster_id
    WHERE o.battle_id = of_battle AND m.merged_into_id = of_cluster);
END $$;

-- As before, and words that enter a cluster near a sold one tag their battle.
CREATE OR REPLACE FUNCTION wall_on_turn() RETURNS trigger
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
  ELSIF wall_is_near_released(NEW.cluster_id) AND NOT wall_is_by_merge(NEW.battle_id, NEW.cluster_id) THEN
    UPDATE battles_battle SET tag = 'near_released' WHERE id = NEW.battle_id AND tag IS NULL;
  END IF;
  RETURN NEW;
END $$;

-- As before, and an event on a battle of a cluster near a sold one tags it: what is voted from now on is not scored.
CREATE OR REPLACE FUNCTION wall_on_event() RETURNS trigger
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
    ELSIF NEW.tag IS NULL AND wall_is_near_released(of_cluster) THEN
      NEW.tag := 'near_released';
    END IF;
    held := held || of_cluster;
  END LOOP;
  RETURN NEW;
END $$;

-- As before; the one that remains is also near whatever the other was near.
CREATE OR REPLACE FUNCTION merge_clusters(merged bigint, kept bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  PERFORM wall_require_read_committed();
  PERFORM 1 FROM prompts_cluster WHERE id IN (merged, kept) ORDER BY id FOR UPDATE;
  IF merged = kept OR 2 <> (
    SELECT count(*) FROM prompts_cluster WHERE id IN (merged, kept) AND merged_into_id IS NULL) THEN
    RAISE EXCEPTION 'clusters % and % are not two that stand on their own', merged, kept
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF cluster_is_released(merged) OR cluster_is_released(kept) THEN
    RAISE EXCEPTION 'a released cluster is not merged (% and %)', merged, kept USING ERRCODE = 'restrict_violation';
  END IF;
  DELETE FROM eligible_battle WHERE battle_id IN (
    SELECT battle_id FROM eligible_battle_cluster WHERE cluster_id IN (merged, kept));
  DELETE FROM retired_cluster WHERE cluster_id IN (merged, kept);
  -- First the cluster, then its battles: so the trigger sees that these rows are no new words.
  UPDATE prompts_cluster SET merged_into_id = kept WHERE id = merged;
  INSERT INTO battle_cluster (battle_id, cluster_id)
  SELECT battle_id, kept FROM battle_cluster WHERE cluster_id = merged;
  INSERT INTO near_released (cluster_id, released_cluster_id, jaccard, at)
  SELECT kept, released_cluster_id, jaccard, at FROM near_released WHERE cluster_id = merged
  ON CONFLICT DO NOTHING;
END $$;

-- Two clusters resemble each other: they become one, or the one that is not sold gets an edge to the other. Returns
-- what it did: merged, near_released, or nothing, since they are one already or were both sold.
CREATE FUNCTION wall_bring_together(one bigint, other bigint, likeness double precision) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  first bigint;
  second bigint;
  is_first_sold boolean;
  is_second_sold boolean;
BEGIN
  PERFORM wall_require_read_committed();
  -- Held in the order of their ids, and looked up again when they are: a merge may have come in between.
  LOOP
    first := least(wall_end_of(one), wall_end_of(other));
    second := greatest(wall_end_of(one), wall_end_of(other));
    IF first = second THEN
      RETURN 'nothing';
    END IF;
    PERFORM 1 FROM prompts_cluster WHERE id IN (first, second) ORDER BY id FOR UPDATE;
    EXIT WHEN 2 = (SELECT count(*) FROM prompts_cluster WHERE id IN (first, second) AND merged_into_id IS NULL);
  END LOOP;
  is_first_sold := cluster_is_released(first);
  is_second_sold := cluster_is_released(second);
  IF is_first_sold AND is_second_sold THEN
    RETURN 'nothing';
  END IF;
  IF NOT is_first_sold AND NOT is_second_sold THEN
    PERFORM merge_clusters(second, first);
    RETURN 'merged';
  END IF;
  PERFORM wall_link(CASE WHEN is_first_sold THEN second ELSE first END,
    CASE WHEN is_first_sold THEN first ELSE second END, likeness);
  RETURN 'near_released';
END $$;

-- The last cluster of a chain of merges, without holding it.
CREATE FUNCTION wall_end_of(of_cluster bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  living bigint := of_cluster;
  next_one bigint;
BEGIN
  LOOP
    SELECT merged_into_id INTO next_one FROM prompts_cluster WHERE id = living;
    IF next_one IS NULL THEN
      RETURN living;
    END IF;
    living := next_one;
  END LOOP;
END $$;

-- Writes an edge; the caller holds both clusters. Battles of the cluster lose their eligibility for good.
CREATE FUNCTION wall_link(of_cluster bigint, to_released bigint, likeness double precision) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  DELETE FROM eligible_battle
  WHERE battle_id IN (SELECT battle_id FROM eligible_battle_cluster WHERE cluster_id = of_cluster);
  DELETE FROM retired_cluster WHERE cluster_id = of_cluster;
  INSERT INTO near_released (cluster_id, released_cluster_id, jaccard, at)
  VALUES (of_cluster, to_released, likeness, clock_timestamp()) ON CONFLICT DO NOTHING;
END $$;

-- Screening or a comparison of all founders found a likeness; the clusters are settled before anybody can commit it.
CREATE FUNCTION wall_on_resemblance() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  NEW.outcome := wall_bring_together(NEW.first_id, NEW.second_id, NEW.jaccard);
  RETURN NEW;
END $$;
CREATE TRIGGER wall_on_resemblance BEFORE INSERT ON prompts_resemblance
  FOR EACH ROW EXECUTE FUNCTION wall_on_resemblance();
CREATE TRIGGER wall_refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON prompts_resemblance
  FOR EACH STATEMENT EXECUTE FUNCTION wall_refuse_change();

-- What a sale was given up for: clusters near it become one with it, as they would have been without it, and where the
-- other one was sold too, the one that is given back gets the edge. The caller holds the clusters.
CREATE FUNCTION wall_settle(given_back bigint[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  pair record;
BEGIN
  FOR pair IN
    WITH gone AS (
      DELETE FROM near_released WHERE released_cluster_id = ANY (given_back) RETURNING *)
    SELECT cluster_id AS one, released_cluster_id AS other, jaccard FROM gone
    UNION
    SELECT first_id, second_id, jaccard FROM prompts_resemblance
    WHERE first_id = ANY (given_back) OR second_id = ANY (given_back)
    ORDER BY 1, 2
  LOOP
    PERFORM wall_bring_together(pair.one, pair.other, pair.jaccard);
  END LOOP;
END $$;

-- As before, and what was kept apart from its clusters is settled.
CREATE OR REPLACE FUNCTION cancel_release(of_release bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  clusters bigint[];
  stands text;
BEGIN
  PERFORM wall_require_read_committed();
  SELECT array_agg(DISTINCT e.cluster_id) INTO clusters
  FROM release_item i JOIN eligible_battle_cluster e ON e.battle_id = i.battle_id WHERE i.release_id = of_release;
  -- Those with an edge as well, which are merged below.
  PERFORM 1 FROM prompts_cluster WHERE id IN (
    SELECT unnest(clusters) UNION SELECT cluster_id FROM near_released WHERE released_cluster_id = ANY (clusters)
    UNION SELECT first_id FROM prompts_resemblance WHERE second_id = ANY (clusters)
    UNION SELECT second_id FROM prompts_resemblance WHERE first_id = ANY (clusters))
  ORDER BY id FOR UPDATE;
  SELECT state INTO stands FROM licensing_release WHERE id = of_release FOR UPDATE;
  IF stands IS DISTINCT FROM 'sealed' THEN
    RAISE EXCEPTION 'release % is %, and only a sealed one gives its clusters back', of_release,
      coalesce(stands, 'not there') USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF EXISTS (
    SELECT 1 FROM licensing_delivery d JOIN licensing_edition e ON e.id = d.edition_id WHERE e.release_id = of_release)
  THEN
    -- Somebody has received it: it can be withdrawn, but not given up.
    PERFORM wall_say_no('W11', 'delivered');
  END IF;
  DELETE FROM release_item WHERE release_id = of_release;
  DELETE FROM eligible_battle
  WHERE battle_id IN (SELECT battle_id FROM eligible_battle_cluster WHERE cluster_id = ANY (clusters));
  DELETE FROM retired_cluster WHERE cluster_id = ANY (clusters);
  PERFORM wall_settle(clusters);
  UPDATE licensing_offer SET state = 'cancelled', ended_at = clock_timestamp()
  WHERE release_id = of_release AND ended_at IS NULL;
  UPDATE licensing_release SET state = 'cancelled', cancelled_at = clock_timestamp() WHERE id = of_release;
END $$;
