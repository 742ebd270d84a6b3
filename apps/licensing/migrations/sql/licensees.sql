-- What a licensee agreed to stays what it was, whoever holds the application's password; and what was asked for is
-- asked for the one to whom it goes.

-- A hash is over exactly the words beside it.
ALTER TABLE licensing_agreementtext ADD CONSTRAINT licensing_text_fits_its_hash
  CHECK (sha256 = encode(sha256(convert_to(text, 'UTF8')), 'hex'));

-- Purposes are codes that apps/licensing/domain/purposes.py explains, and at least one.
ALTER TABLE licensing_agreement ADD CONSTRAINT licensing_agreed_purposes_are_known CHECK (
  jsonb_typeof(purposes) = 'array' AND jsonb_array_length(purposes) > 0 AND purposes <@
  '["DUO:0000042", "DUO:0000045", "DUO:0000046", "DUO:0000027", "DUO:0000025", "showdown:evaluation",
    "showdown:training", "showdown:statistics", "showdown:no-resale"]'::jsonb);

-- A request and the release that is drafted from it belong to the same licensee.
ALTER TABLE licensing_accessrequest ADD CONSTRAINT licensing_request_of_licensee UNIQUE (id, licensee_id);
ALTER TABLE licensing_release ADD CONSTRAINT licensing_drafted_for_who_asked
  FOREIGN KEY (request_id, licensee_id) REFERENCES licensing_accessrequest (id, licensee_id);

CREATE FUNCTION licensee_refuse_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RAISE EXCEPTION 'what stands in % is not changed', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
REVOKE ALL ON FUNCTION licensee_refuse_change() FROM PUBLIC;

CREATE TRIGGER licensee_text_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON licensing_agreementtext
  FOR EACH STATEMENT EXECUTE FUNCTION licensee_refuse_change();
CREATE TRIGGER licensee_review_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON licensing_controlreview
  FOR EACH STATEMENT EXECUTE FUNCTION licensee_refuse_change();
CREATE TRIGGER licensee_agreement_is_kept BEFORE DELETE OR TRUNCATE ON licensing_agreement
  FOR EACH STATEMENT EXECUTE FUNCTION licensee_refuse_change();
CREATE TRIGGER licensee_agreement_ends_once BEFORE UPDATE ON licensing_agreement FOR EACH ROW
  WHEN (OLD.ended_at IS NOT NULL OR (OLD.licensee_id, OLD.text_id, OLD.purposes, OLD.signed_name, OLD.signed_position,
    OLD.accepted_by_id, OLD.recorded_by_id, OLD.accepted_at, OLD.expires_at) IS DISTINCT FROM (NEW.licensee_id,
    NEW.text_id, NEW.purposes, NEW.signed_name, NEW.signed_position, NEW.accepted_by_id, NEW.recorded_by_id,
    NEW.accepted_at, NEW.expires_at))
  EXECUTE FUNCTION licensee_refuse_change();
CREATE TRIGGER licensee_suspension_ends_once BEFORE UPDATE ON licensing_suspension FOR EACH ROW
  WHEN (OLD.ended_at IS NOT NULL) EXECUTE FUNCTION licensee_refuse_change();
CREATE TRIGGER licensee_key_stays_revoked BEFORE UPDATE ON licensing_licenseekey FOR EACH ROW
  WHEN (OLD.revoked_at IS NOT NULL OR (OLD.licensee_id, OLD.prefix, OLD.secret_sha256, OLD.made_by_id, OLD.expires_at)
    IS DISTINCT FROM (NEW.licensee_id, NEW.prefix, NEW.secret_sha256, NEW.made_by_id, NEW.expires_at))
  EXECUTE FUNCTION licensee_refuse_change();
CREATE TRIGGER licensee_request_is_decided_once BEFORE UPDATE ON licensing_accessrequest FOR EACH ROW
  WHEN (OLD.state <> 'asked' OR (OLD.licensee_id, OLD.asked_by_id, OLD.purpose, OLD.filters) IS DISTINCT FROM
    (NEW.licensee_id, NEW.asked_by_id, NEW.purpose, NEW.filters))
  EXECUTE FUNCTION licensee_refuse_change();
ALTER TABLE licensing_agreementtext ENABLE ALWAYS TRIGGER licensee_text_stays;
ALTER TABLE licensing_controlreview ENABLE ALWAYS TRIGGER licensee_review_stays;
ALTER TABLE licensing_agreement ENABLE ALWAYS TRIGGER licensee_agreement_is_kept;
ALTER TABLE licensing_agreement ENABLE ALWAYS TRIGGER licensee_agreement_ends_once;
ALTER TABLE licensing_suspension ENABLE ALWAYS TRIGGER licensee_suspension_ends_once;
ALTER TABLE licensing_licenseekey ENABLE ALWAYS TRIGGER licensee_key_stays_revoked;
ALTER TABLE licensing_accessrequest ENABLE ALWAYS TRIGGER licensee_request_is_decided_once;
