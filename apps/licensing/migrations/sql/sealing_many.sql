-- What was sold before is passed over by the index of what is sold. Asked for by NOT EXISTS, the plan of an empty table
-- read every row that this very statement had written, again for each battle: a million of them would have taken days.

-- Makes those of the given battles items of a draft that are eligible at this moment, and returns how many they are.
-- The other battles of their clusters are eligible for no release any more.
CREATE OR REPLACE FUNCTION seal_release(of_release bigint, battles bigint[]) RETURNS bigint
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
