-- Which words a battle was fought on, and which cluster they live in, is settled once: when the words are screened.
--
-- A battle reaches eligibility through its clusters alone. So a battle whose words are too short for a cluster must never
-- get one, and nobody may move words from one cluster to another, or exchange the words themselves.

-- Whether a battle has words that live in a cluster. A further turn with a cluster of its own will be another way to
-- say yes, and this is the one place to say it.
CREATE FUNCTION wall_has_clustered_words(of_battle bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RETURN EXISTS (
    SELECT 1 FROM battles_battle b JOIN prompts_prompt p ON p.id = b.prompt_id
    WHERE b.id = of_battle AND p.cluster_id IS NOT NULL);
END $$;

-- Reads and locks nothing: a prompt that has a cluster keeps one, so yes stays yes, and no is refused at once.
CREATE FUNCTION wall_for_words() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF NOT wall_has_clustered_words(NEW.battle_id) THEN
    RAISE EXCEPTION 'battle % has no words that live in a cluster', NEW.battle_id USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER wall_for_words BEFORE INSERT ON battle_cluster FOR EACH ROW EXECUTE FUNCTION wall_for_words();

-- What screening found stays, for everybody: that it was done and when, and whether the words have a cluster at all.
-- (Into which one is kept by wall_on_clustering.)
CREATE TRIGGER wall_keep_screening BEFORE UPDATE OF screened_at, below_cluster_length, cluster_id ON prompts_prompt
  FOR EACH ROW WHEN (OLD.screened_at IS NOT NULL
    AND ROW (OLD.screened_at, OLD.below_cluster_length, OLD.cluster_id IS NULL)
      IS DISTINCT FROM ROW (NEW.screened_at, NEW.below_cluster_length, NEW.cluster_id IS NULL))
  EXECUTE FUNCTION wall_keep();

-- The words and whose they are stay as they were handed in. The grants say so already; this holds when somebody gives
-- the application a column too many. The owner's own session may, as for histories.
CREATE FUNCTION wall_keep_words() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF NOT wall_loads_history(TG_RELID) THEN
    RAISE EXCEPTION 'the words of prompt % stay as they were handed in', OLD.id USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER wall_keep_words BEFORE UPDATE OF id, author_id, text, text_sha256, language, category, submitted_at
  ON prompts_prompt FOR EACH ROW
  WHEN (ROW (OLD.id, OLD.author_id, OLD.text, OLD.text_sha256, OLD.language, OLD.category, OLD.submitted_at)
    IS DISTINCT FROM
    ROW (NEW.id, NEW.author_id, NEW.text, NEW.text_sha256, NEW.language, NEW.category, NEW.submitted_at))
  EXECUTE FUNCTION wall_keep_words();

-- The same words live together. Whoever founds a cluster looks for twins first and holds a lock meanwhile; should that be
-- forgotten one day, an old twin could be sold while the new one is live. Only the oldest twin is asked, since all
-- before it have met this trigger, and merging moves whole clusters. The digest is the application's: a net under its
-- mistakes, and none for somebody who writes a false one.
CREATE FUNCTION wall_on_twin() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  of_twin bigint;
BEGIN
  PERFORM wall_require_read_committed();
  -- Two at once would not see each other; the second waits here until the first is committed, and then sees it.
  PERFORM pg_advisory_xact_lock(hashtextextended('wall_on_twin', 0));
  SELECT t.cluster_id INTO of_twin FROM (
    SELECT id, cluster_id FROM prompts_prompt
    WHERE text_sha256 = NEW.text_sha256 AND id <> NEW.id AND cluster_id IS NOT NULL OFFSET 0) AS t
  ORDER BY t.id LIMIT 1;
  IF of_twin IS NOT NULL AND wall_living_cluster(of_twin) <> wall_living_cluster(NEW.cluster_id) THEN
    RAISE EXCEPTION 'the words of prompt % live in cluster %', NEW.id, of_twin USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER wall_on_twin AFTER INSERT OR UPDATE OF cluster_id ON prompts_prompt FOR EACH ROW
  WHEN (NEW.cluster_id IS NOT NULL) EXECUTE FUNCTION wall_on_twin();

ALTER TABLE battle_cluster ENABLE ALWAYS TRIGGER wall_for_words;
ALTER TABLE prompts_prompt ENABLE ALWAYS TRIGGER wall_keep_screening, ENABLE ALWAYS TRIGGER wall_keep_words,
  ENABLE ALWAYS TRIGGER wall_on_twin;
REVOKE ALL ON FUNCTION wall_has_clustered_words(bigint), wall_for_words(), wall_keep_words(), wall_on_twin() FROM PUBLIC;
