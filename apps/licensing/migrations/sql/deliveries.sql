-- What the database itself asks before a file may leave, and that deliveries and notices are counted without gaps. The
-- service asks the same and says why; whoever forgets to ask meets these.

-- Whether an edition may be handed to its licensee now, as far as the database can tell: sealed, open, not suspended, and
-- with a signed checkpoint of the log over the entry that names its manifest; and past the hold-back, if anybody who gets
-- the release is on the board by now: recipients and ties are declared after approvals and openings as well.
CREATE FUNCTION delivery_stands_open(of_edition bigint, is_history boolean) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT EXISTS (
    SELECT 1 FROM licensing_edition e
    JOIN licensing_release r ON r.id = e.release_id
    JOIN licensing_offer o ON o.id = e.offer_id
    JOIN licensing_licensee l ON l.id = e.licensee_id
    WHERE e.id = of_edition AND r.state = 'sealed' AND o.state = 'open' AND o.opens_at <= clock_timestamp()
      AND l.suspended_at IS NULL
      AND CASE WHEN release_on_the_board(r.id) = '{}' THEN true
        ELSE release_items_younger(r.id, offer_greater(o.id, 'W5', 'hold_back_days', 180)) = 0 END
      AND (is_history OR EXISTS (
        SELECT 1 FROM audit_entry n JOIN audit_leaf f ON f.entry_id = n.id
        WHERE n.subject IN ('licensing.edition:' || e.id, 'licensing.release:' || e.release_id)
          AND n.event LIKE 'licensing.%'
          AND convert_from(n.body, 'UTF8')::jsonb -> 'facts' ->> 'manifest_digest' = e.manifest_sha256
          AND f.leaf_index < (SELECT max(size) FROM audit_checkpoint))))
$$;

-- A delivery has the next number of its licensee, and is of a file that the edition's manifest names.
CREATE FUNCTION delivery_on_insert() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  edition licensing_edition;
  counted bigint;
BEGIN
  PERFORM wall_require_read_committed();
  PERFORM 1 FROM licensing_licensee WHERE id = NEW.licensee_id FOR NO KEY UPDATE;
  -- Whoever gives the release up holds it for themselves, and looks for deliveries once they do.
  PERFORM 1 FROM licensing_release
  WHERE id = (SELECT release_id FROM licensing_edition WHERE id = NEW.edition_id) FOR KEY SHARE;
  SELECT coalesce(max(counter), 0) INTO counted FROM licensing_delivery WHERE licensee_id = NEW.licensee_id;
  IF NEW.counter <> counted + 1 THEN
    RAISE EXCEPTION 'delivery % of licensee % does not follow number %', NEW.counter, NEW.licensee_id, counted
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  SELECT * INTO edition FROM licensing_edition WHERE id = NEW.edition_id;
  IF edition.licensee_id IS DISTINCT FROM NEW.licensee_id OR edition.revision <> NEW.revision OR NOT (
    NEW.file = 'manifest.json' AND NEW.file_sha256 = edition.manifest_sha256 OR EXISTS (
      SELECT 1 FROM jsonb_array_elements(edition.manifest -> 'files') f
      WHERE f ->> 'name' = NEW.file AND f ->> 'sha256' = NEW.file_sha256)) THEN
    RAISE EXCEPTION 'edition % has no such file for licensee %', NEW.edition_id, NEW.licensee_id
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF NOT delivery_stands_open(NEW.edition_id, wall_loads_history(TG_RELID)) THEN
    RAISE EXCEPTION 'edition % is not open for delivery', NEW.edition_id
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER delivery_on_insert BEFORE INSERT ON licensing_delivery
  FOR EACH ROW EXECUTE FUNCTION delivery_on_insert();
ALTER TABLE licensing_delivery ENABLE ALWAYS TRIGGER delivery_on_insert;

-- What is finished stays finished.
CREATE FUNCTION delivery_on_update() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF OLD.state = 'finished' AND NEW IS DISTINCT FROM OLD OR NEW.bytes_sent < OLD.bytes_sent THEN
    RAISE EXCEPTION 'delivery % is finished, or would lose bytes', OLD.id USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER delivery_on_update BEFORE UPDATE ON licensing_delivery
  FOR EACH ROW EXECUTE FUNCTION delivery_on_update();
ALTER TABLE licensing_delivery ENABLE ALWAYS TRIGGER delivery_on_update;

-- Each answer within a delivery asks again.
CREATE FUNCTION delivery_on_transfer() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  PERFORM wall_require_read_committed();
  PERFORM 1 FROM licensing_release WHERE id = (
    SELECT e.release_id FROM licensing_delivery d JOIN licensing_edition e ON e.id = d.edition_id
    WHERE d.id = NEW.delivery_id) FOR KEY SHARE;
  IF NOT EXISTS (
    SELECT 1 FROM licensing_delivery d JOIN licensing_edition e ON e.id = d.edition_id
    WHERE d.id = NEW.delivery_id AND d.state <> 'finished' AND d.revision = e.revision
      AND delivery_stands_open(e.id, wall_loads_history(TG_RELID))) THEN
    RAISE EXCEPTION 'delivery % goes on no more', NEW.delivery_id USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER delivery_on_transfer BEFORE INSERT ON licensing_transfer
  FOR EACH ROW EXECUTE FUNCTION delivery_on_transfer();
ALTER TABLE licensing_transfer ENABLE ALWAYS TRIGGER delivery_on_transfer;

-- What ended has ended, and no answer takes bytes back.
CREATE FUNCTION delivery_on_transfer_update() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF OLD.ended_at IS NOT NULL OR NEW.sent < OLD.sent THEN
    RAISE EXCEPTION 'transfer % has ended, or would lose bytes', OLD.id USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER delivery_on_transfer_update BEFORE UPDATE ON licensing_transfer
  FOR EACH ROW EXECUTE FUNCTION delivery_on_transfer_update();
ALTER TABLE licensing_transfer ENABLE ALWAYS TRIGGER delivery_on_transfer_update;

-- A notice has the next number of its licensee, an answer is given once, and what was told stays told.
CREATE FUNCTION notice_on_write() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  counted bigint;
BEGIN
  IF TG_OP = 'INSERT' THEN
    PERFORM 1 FROM licensing_licensee WHERE id = NEW.licensee_id FOR NO KEY UPDATE;
    SELECT coalesce(max(number), 0) INTO counted FROM licensing_notice WHERE licensee_id = NEW.licensee_id;
    IF NEW.number <> counted + 1 THEN
      RAISE EXCEPTION 'notice % of licensee % does not follow number %', NEW.number, NEW.licensee_id, counted
        USING ERRCODE = 'integrity_constraint_violation';
    END IF;
  ELSIF OLD.acknowledged_at IS NOT NULL AND NEW IS DISTINCT FROM OLD THEN
    RAISE EXCEPTION 'notice % is acknowledged', OLD.id USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER notice_on_write BEFORE INSERT OR UPDATE ON licensing_notice
  FOR EACH ROW EXECUTE FUNCTION notice_on_write();
ALTER TABLE licensing_notice ENABLE ALWAYS TRIGGER notice_on_write;

CREATE FUNCTION notice_on_row() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF OLD.notice_id IS NOT NULL OR NOT EXISTS (
    SELECT 1 FROM licensing_notice n WHERE n.id = NEW.notice_id AND n.licensee_id = NEW.licensee_id) THEN
    RAISE EXCEPTION 'row % is told in one notice to its own licensee', OLD.id USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER notice_on_row BEFORE UPDATE ON licensing_noticerow FOR EACH ROW EXECUTE FUNCTION notice_on_row();
ALTER TABLE licensing_noticerow ENABLE ALWAYS TRIGGER notice_on_row;
