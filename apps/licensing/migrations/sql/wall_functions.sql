-- The only writers of the wall's tables. Each runs with its owner's rights and with a search path in which nobody else
-- can put a table; nobody but the trigger or the role named in showdown/grants.py may call one.
--
-- The one pair of locks that everything stands on: a live event takes its cluster FOR KEY SHARE, and whoever retires,
-- seals, merges or cancels takes the clusters FOR UPDATE, in the order of their ids, before anything else.
--
-- All of it reads again after it has waited for a lock, which only READ COMMITTED does. Under a stricter isolation a
-- transaction would go on seeing the moment before it waited, so these functions refuse to run there.

CREATE FUNCTION wall_require_read_committed() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'the wall works under READ COMMITTED only, not under %', current_setting('transaction_isolation')
      USING ERRCODE = 'invalid_transaction_state';
  END IF;
END $$;

-- Whether a cluster has a battle in a sealed release. Whoever asks holds the cluster, so the answer stays.
CREATE FUNCTION cluster_is_released(of_cluster bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RETURN EXISTS (
    SELECT 1 FROM eligible_battle_cluster e JOIN release_item i ON i.battle_id = e.battle_id
    WHERE e.cluster_id = of_cluster);
END $$;

-- Certifies that every live event of a cluster is old enough, by the database's clock, and makes those of its battles
-- eligible whose other clusters are retired too. Returns the certificate's time, also when it was there before.
-- A policy may ask for more than 60 days; the CHECK of the table asks for no fewer.
CREATE FUNCTION retire_cluster(of_cluster bigint, min_age_days integer) RETURNS timestamptz
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  is_retired_since timestamptz;
  was_live_at timestamptz;
  this_moment timestamptz;
BEGIN
  PERFORM wall_require_read_committed();
  -- The clusters of its battles as well: a battle becomes eligible on their certificates, and nobody may take one
  -- back meanwhile.
  PERFORM 1 FROM prompts_cluster WHERE id IN (
    SELECT of_cluster UNION
    SELECT o.cluster_id FROM battle_cluster m JOIN battle_cluster o ON o.battle_id = m.battle_id
    WHERE m.cluster_id = of_cluster)
  ORDER BY id FOR UPDATE;
  SELECT retired_at INTO is_retired_since FROM retired_cluster WHERE cluster_id = of_cluster;
  IF FOUND THEN
    RETURN is_retired_since;
  END IF;
  SELECT max(b.last_event_at) INTO was_live_at
  FROM battle_cluster c JOIN battles_battle b ON b.id = c.battle_id WHERE c.cluster_id = of_cluster;
  IF was_live_at IS NULL THEN
    RAISE EXCEPTION 'cluster % has no battle that could be past the wall', of_cluster
      USING ERRCODE = 'no_data_found';
  END IF;
  this_moment := clock_timestamp();
  IF this_moment < was_live_at + make_interval(hours => 24 * greatest(min_age_days, 60)) THEN
    RAISE EXCEPTION 'cluster % was live at %, less than % days ago', of_cluster, was_live_at,
      greatest(min_age_days, 60) USING ERRCODE = 'check_violation';
  END IF;
  INSERT INTO retired_cluster (cluster_id, last_live_at, retired_at) VALUES (of_cluster, was_live_at, this_moment);
  INSERT INTO eligible_battle (battle_id, source, last_event_at)
  SELECT b.id, b.source, b.last_event_at
  FROM battle_cluster c JOIN battles_battle b ON b.id = c.battle_id
  WHERE c.cluster_id = of_cluster
    AND b.source = 'platform' AND b.voted AND b.state = 'voted' AND b.tag IS NULL
    AND NOT EXISTS (
      SELECT 1 FROM battle_cluster o WHERE o.battle_id = b.id AND o.cluster_id <> of_cluster
        AND (NOT EXISTS (SELECT 1 FROM retired_cluster r WHERE r.cluster_id = o.cluster_id)
             OR cluster_is_released(o.cluster_id)));
  INSERT INTO eligible_battle_cluster (battle_id, cluster_id, retired_at, last_event_at)
  SELECT e.battle_id, o.cluster_id, r.retired_at, e.last_event_at
  FROM battle_cluster c
  JOIN eligible_battle e ON e.battle_id = c.battle_id
  JOIN battle_cluster o ON o.battle_id = e.battle_id
  JOIN retired_cluster r ON r.cluster_id = o.cluster_id
  WHERE c.cluster_id = of_cluster;
  RETURN this_moment;
END $$;

-- Takes a certificate back, and with it the eligibility that rests on it; false when the cluster was released, and a
-- released cluster stays released. Called by triggers alone.
CREATE FUNCTION revive_cluster(of_cluster bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  PERFORM wall_require_read_committed();
  PERFORM 1 FROM prompts_cluster WHERE id = of_cluster FOR KEY SHARE;
  IF NOT EXISTS (SELECT 1 FROM retired_cluster WHERE cluster_id = of_cluster) THEN
    RETURN true;
  END IF;
  IF cluster_is_released(of_cluster) THEN
    RETURN false;
  END IF;
  DELETE FROM eligible_battle
  WHERE battle_id IN (SELECT battle_id FROM eligible_battle_cluster WHERE cluster_id = of_cluster);
  DELETE FROM retired_cluster WHERE cluster_id = of_cluster;
  RETURN true;
END $$;

-- Lets one cluster's battles be the other's as well, for good. Both must be retired anew; a released one keeps to itself.
CREATE FUNCTION merge_clusters(merged bigint, kept bigint) RETURNS void
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
END $$;

-- Makes those of the given battles items of a draft that are eligible at this moment, and returns how many they are.
-- The other battles of their clusters are eligible for no release any more.
CREATE FUNCTION seal_release(of_release bigint, battles bigint[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  stands text;
  sealed bigint;
BEGIN
  PERFORM wall_require_read_committed();
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
  FROM eligible_battle e
  JOIN (SELECT DISTINCT id FROM unnest(battles) AS a (id)) AS asked ON asked.id = e.battle_id
  JOIN licensing_releasecandidate c ON c.battle_id = e.battle_id AND c.release_id = of_release
  WHERE NOT EXISTS (SELECT 1 FROM release_item i WHERE i.battle_id = e.battle_id);
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

-- Gives the clusters of a sealed release back; each must be retired anew before anything of it is eligible again.
CREATE FUNCTION cancel_release(of_release bigint) RETURNS void
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

REVOKE ALL ON FUNCTION wall_require_read_committed(), cluster_is_released(bigint), retire_cluster(bigint, integer),
  revive_cluster(bigint), merge_clusters(bigint, bigint), seal_release(bigint, bigint[]), cancel_release(bigint)
  FROM PUBLIC;
