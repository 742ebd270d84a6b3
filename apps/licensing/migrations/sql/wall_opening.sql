-- At the last moment before files leave: a row whose people, prompt or vote do not allow it any more, and for which nobody
-- has written a tombstone yet. The program writes tombstones before it opens; this holds when it does not.
CREATE FUNCTION release_rows_unfit(of_release bigint) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RETURN (
    SELECT count(*)
    FROM release_item i
    JOIN battles_battle b ON b.id = i.battle_id
    LEFT JOIN battles_vote v ON v.battle_id = b.id
    LEFT JOIN prompts_prompt p ON p.id = b.prompt_id
    WHERE i.release_id = of_release
      AND (p.state IS DISTINCT FROM 'approved' OR v.excluded_under IS DISTINCT FROM ''
        OR EXISTS (
          SELECT 1 FROM (VALUES (p.author_id), (v.contributor_id)) AS person (id) WHERE NOT EXISTS (
            SELECT 1 FROM contributors_consent k
            WHERE k.contributor_id = person.id AND k.kind = 'licensing' AND k.withdrawn_at IS NULL)))
      AND NOT EXISTS (SELECT 1 FROM licensing_tombstone t WHERE t.battle_id = i.battle_id));
END $$;

-- Rows whose answers must not be passed on under the terms of their models as they are now; unknown counts as no. No
-- tombstone has such a reason, so the offer waits for whoever looks at the terms again.
CREATE FUNCTION release_rows_against_terms(of_release bigint) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RETURN (
    SELECT count(*)
    FROM release_item i
    JOIN battles_battle b ON b.id = i.battle_id
    LEFT JOIN battles_endpoint le ON le.id = b.left_endpoint_id
    LEFT JOIN battles_endpoint re ON re.id = b.right_endpoint_id
    WHERE i.release_id = of_release
      AND (le.redistribution_allowed IS NOT TRUE OR re.redistribution_allowed IS NOT TRUE)
      AND NOT EXISTS (SELECT 1 FROM licensing_tombstone t WHERE t.battle_id = i.battle_id));
END $$;

CREATE FUNCTION wall_on_opening() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  unfit bigint;
  against bigint;
BEGIN
  IF NOT wall_loads_history(TG_RELID) THEN
    unfit := release_rows_unfit(NEW.release_id);
    IF unfit > 0 THEN
      PERFORM wall_say_no('W11', 'holds-rows', jsonb_build_object('rows', unfit));
    END IF;
    against := release_rows_against_terms(NEW.release_id);
    IF against > 0 THEN
      PERFORM wall_say_no('W2', 'against-terms', jsonb_build_object('rows', against));
    END IF;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER wall_on_opening BEFORE UPDATE OF state ON licensing_offer FOR EACH ROW
  WHEN (NEW.state = 'open' AND OLD.state <> 'open') EXECUTE FUNCTION wall_on_opening();
REVOKE ALL ON FUNCTION release_rows_unfit(bigint), release_rows_against_terms(bigint) FROM PUBLIC;
