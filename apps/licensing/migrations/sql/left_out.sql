-- Since when somebody is left out of a release: for those of before from the moment on that its people were fitted, and
-- for those who were left out later, of whom no time was kept, from this moment on.
ALTER TABLE licensing_leftout DISABLE TRIGGER wall_refuse_change;
UPDATE licensing_leftout o SET at = f.fitted_at FROM licensing_releasefit f
WHERE f.release_id = o.release_id AND NOT o.is_later;
ALTER TABLE licensing_leftout ENABLE ALWAYS TRIGGER wall_refuse_change;

CREATE FUNCTION left_out_now() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF NOT wall_loads_history(TG_RELID) THEN
    NEW.at := clock_timestamp();
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER left_out_now BEFORE INSERT ON licensing_leftout FOR EACH ROW EXECUTE FUNCTION left_out_now();
ALTER TABLE licensing_leftout ENABLE ALWAYS TRIGGER left_out_now;
REVOKE ALL ON FUNCTION left_out_now() FROM PUBLIC;
