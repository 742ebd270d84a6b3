-- An edition is exchanged for its next revision and for nothing else, whoever holds the application's password: the next
-- number, no row more, everything gone that was gone, and a manifest that names the one that was approved and the one
-- that it supersedes. What was approved is the revision of number 0, which nobody writes a second time.

CREATE FUNCTION edition_names_gone(manifest jsonb) RETURNS SETOF text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT jsonb_array_elements_text(coalesce(manifest #> '{gone,withdrawn}', '[]'))
  UNION ALL SELECT jsonb_array_elements_text(coalesce(manifest #> '{gone,held_back}', '[]'))
$$;

CREATE FUNCTION edition_on_write() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  approved text;
BEGIN
  IF wall_loads_history(TG_RELID) THEN
    RETURN NEW;
  END IF;
  IF TG_OP = 'INSERT' THEN
    IF NEW.revision <> 0 OR NOT EXISTS (
      SELECT 1 FROM licensing_offer o JOIN licensing_offerlicensee l ON l.offer_id = o.id
      WHERE o.id = NEW.offer_id AND o.release_id = NEW.release_id AND o.state = 'building'
        AND l.licensee_id = NEW.licensee_id) THEN
      RAISE EXCEPTION 'an edition begins as the first one, for somebody to whom its offer is being built'
        USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
  END IF;
  SELECT manifest_sha256 INTO approved FROM licensing_editionrevision WHERE edition_id = OLD.id AND number = 0;
  IF ROW (NEW.id, NEW.release_id, NEW.offer_id, NEW.licensee_id, NEW.ordinal)
      IS DISTINCT FROM ROW (OLD.id, OLD.release_id, OLD.offer_id, OLD.licensee_id, OLD.ordinal)
    OR NEW.revision <> OLD.revision + 1 OR NEW.rows > OLD.rows OR NEW.manifest_sha256 = OLD.manifest_sha256
    OR (NEW.manifest ->> 'rows')::bigint IS DISTINCT FROM NEW.rows
    OR (NEW.manifest #>> '{edition,revision}')::bigint IS DISTINCT FROM NEW.revision
    OR NEW.manifest #>> '{edition,supersedes,predecessor}' IS DISTINCT FROM OLD.manifest_sha256
    OR approved IS NULL OR NEW.manifest #>> '{edition,supersedes,approved}' IS DISTINCT FROM approved
    OR EXISTS (SELECT edition_names_gone(OLD.manifest) EXCEPT SELECT edition_names_gone(NEW.manifest)) THEN
    RAISE EXCEPTION 'edition % goes on to its next revision alone, which holds no more than this one', OLD.id
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER edition_on_write BEFORE INSERT OR UPDATE ON licensing_edition
  FOR EACH ROW EXECUTE FUNCTION edition_on_write();
ALTER TABLE licensing_edition ENABLE ALWAYS TRIGGER edition_on_write;

-- What is kept of an edition is what it is at this moment, under the next number.
CREATE FUNCTION edition_on_revision() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  now_in licensing_edition;
  counted integer;
BEGIN
  IF wall_loads_history(TG_RELID) THEN
    RETURN NEW;
  END IF;
  SELECT * INTO now_in FROM licensing_edition WHERE id = NEW.edition_id FOR NO KEY UPDATE;
  SELECT coalesce(max(number) + 1, 0) INTO counted FROM licensing_editionrevision WHERE edition_id = NEW.edition_id;
  IF NEW.number <> counted
    OR ROW (NEW.number, NEW.manifest, NEW.manifest_sha256, NEW.rows, NEW.built_at) IS DISTINCT FROM
      ROW (now_in.revision, now_in.manifest, now_in.manifest_sha256, now_in.rows, now_in.built_at) THEN
    RAISE EXCEPTION 'revision % of edition % is not what it is now, under the next number', NEW.number, NEW.edition_id
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER edition_on_revision BEFORE INSERT ON licensing_editionrevision
  FOR EACH ROW EXECUTE FUNCTION edition_on_revision();
ALTER TABLE licensing_editionrevision ENABLE ALWAYS TRIGGER edition_on_revision;

-- And nothing is exchanged without being kept.
CREATE FUNCTION edition_is_kept() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF NOT wall_loads_history(TG_RELID) AND NOT EXISTS (
    SELECT 1 FROM licensing_editionrevision r
    WHERE r.edition_id = NEW.id AND r.number = NEW.revision AND r.manifest_sha256 = NEW.manifest_sha256) THEN
    RAISE EXCEPTION 'revision % of edition % is not kept', NEW.revision, NEW.id
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER edition_is_kept AFTER INSERT OR UPDATE ON licensing_edition
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION edition_is_kept();
ALTER TABLE licensing_edition ENABLE ALWAYS TRIGGER edition_is_kept;

REVOKE ALL ON FUNCTION edition_names_gone(jsonb), edition_on_write(), edition_on_revision(), edition_is_kept()
  FROM PUBLIC;
