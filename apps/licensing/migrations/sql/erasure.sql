-- Erasing the words of somebody who has gone. The words of prompts and turns stay as they were handed in for everybody,
-- and for the application's role they still do; what takes them away is one function, which asks whether the person's
-- link to an account is cut already. Their signatures stay, or the wall would forget what it sold.

-- Nobody has an account behind this contributor any more. Imported voters never had one, and wrote nothing here.
CREATE FUNCTION contributor_is_erased(of_contributor bigint) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT EXISTS (
    SELECT 1 FROM contributors_contributor c JOIN contributors_network n ON n.id = c.network_id
    WHERE c.id = of_contributor AND c.account_id IS NULL AND NOT n.is_imported)
$$;

CREATE OR REPLACE FUNCTION wall_keep_words() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF wall_loads_history(TG_RELID) THEN
    RETURN NEW;
  END IF;
  IF NEW.text = '' AND contributor_is_erased(OLD.author_id)
    AND ROW (NEW.id, NEW.author_id, NEW.language, NEW.category, NEW.submitted_at)
      IS NOT DISTINCT FROM ROW (OLD.id, OLD.author_id, OLD.language, OLD.category, OLD.submitted_at) THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'the words of prompt % stay as they were handed in', OLD.id USING ERRCODE = 'restrict_violation';
END $$;

-- A turn has no author of its own: it is the contributor's who opened the battle. A turn is never empty, so what stays
-- of it is a dash.
CREATE FUNCTION wall_keep_turn() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF NEW.text = '-' AND to_jsonb(NEW) - ARRAY['text', 'text_sha256'] = to_jsonb(OLD) - ARRAY['text', 'text_sha256']
    AND contributor_is_erased((SELECT contributor_id FROM battles_battle WHERE id = OLD.battle_id)) THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'turn % stays as it is', OLD.id USING ERRCODE = 'restrict_violation';
END $$;
DROP TRIGGER wall_keep_turn ON battles_turn;
CREATE TRIGGER wall_keep_turn BEFORE UPDATE ON battles_turn FOR EACH ROW
  WHEN (OLD.screened_at IS NOT NULL AND OLD.screened_at IS DISTINCT FROM NEW.screened_at
    OR ROW (OLD.id, OLD.battle_id, OLD.number, OLD.text, OLD.text_sha256, OLD.language, OLD.cluster_id, OLD.created_at)
      IS DISTINCT FROM
      ROW (NEW.id, NEW.battle_id, NEW.number, NEW.text, NEW.text_sha256, NEW.language, NEW.cluster_id, NEW.created_at))
  EXECUTE FUNCTION wall_keep_turn();
ALTER TABLE battles_turn ENABLE ALWAYS TRIGGER wall_keep_turn;

-- Takes away what a person wrote, and makes their ballots tell less of them; returns how many prompts, turns and votes
-- changed. A digest that anybody could compare with a guess goes with the words. A vote keeps its choice and its random
-- names, so that what was counted can be counted again; of the person it keeps the language, which is the prompt's.
CREATE FUNCTION erase_words_of(of_contributor bigint, OUT prompts bigint, OUT turns bigint, OUT votes bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF NOT contributor_is_erased(of_contributor) THEN
    RAISE EXCEPTION 'contributor % has an account', of_contributor USING ERRCODE = 'restrict_violation';
  END IF;
  UPDATE prompts_prompt SET text = '', text_sha256 = encode(sha256(convert_to(gen_random_uuid()::text, 'UTF8')), 'hex')
  WHERE author_id = of_contributor AND text <> '';
  GET DIAGNOSTICS prompts = ROW_COUNT;
  -- What screening quoted of the words, and what their author answered.
  UPDATE prompts_screeninghint SET evidence = '{}', answer = ''
  WHERE prompt_id IN (SELECT id FROM prompts_prompt WHERE author_id = of_contributor);
  UPDATE battles_turn SET text = '-', text_sha256 = encode(sha256(convert_to(gen_random_uuid()::text, 'UTF8')), 'hex')
  WHERE text <> '-' AND battle_id IN (SELECT id FROM battles_battle WHERE contributor_id = of_contributor);
  GET DIAGNOSTICS turns = ROW_COUNT;
  UPDATE battles_vote SET country = '', profession = '', age_band = '', education = '', proof_level = 0, ballot_key = NULL
  WHERE contributor_id = of_contributor
    AND ROW (country, profession, age_band, education, proof_level) IS DISTINCT FROM ROW ('', '', '', '', 0);
  GET DIAGNOSTICS votes = ROW_COUNT;
END $$;

REVOKE ALL ON FUNCTION contributor_is_erased(bigint), wall_keep_turn(), erase_words_of(bigint) FROM PUBLIC;
