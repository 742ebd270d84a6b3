-- What no version of the rulebook may say, and what nobody may do to one that is written.
--
-- A number is compared as a number: jsonb by itself holds true to be more than any number, and a text less.

CREATE FUNCTION policy_number(value jsonb) RETURNS numeric
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE WHEN jsonb_typeof(value) = 'number' THEN value::text::numeric END
$$;

ALTER TABLE policy_clause
  ADD CONSTRAINT policy_sixty_days CHECK (
    number <> 'W1' OR coalesce(policy_number(parameters -> 'min_age_days') >= 60, false)),
  ADD CONSTRAINT policy_two_approvals CHECK (
    number <> 'W4' OR coalesce(policy_number(parameters -> 'approvals') >= 2, false)),
  ADD CONSTRAINT policy_thirty_days CHECK (
    number <> 'W9' OR coalesce(policy_number(parameters -> 'loosening_days') >= 30, false));

-- The owner adds versions in migrations, and changes none either.
CREATE FUNCTION policy_refuse_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RAISE EXCEPTION '% is written once', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER policy_refuse_change BEFORE UPDATE OR DELETE ON policy_policyversion
  FOR EACH ROW EXECUTE FUNCTION policy_refuse_change();
CREATE TRIGGER policy_refuse_change BEFORE UPDATE OR DELETE ON policy_clause
  FOR EACH ROW EXECUTE FUNCTION policy_refuse_change();
CREATE TRIGGER policy_refuse_truncate BEFORE TRUNCATE ON policy_policyversion EXECUTE FUNCTION policy_refuse_change();
CREATE TRIGGER policy_refuse_truncate BEFORE TRUNCATE ON policy_clause EXECUTE FUNCTION policy_refuse_change();

-- What is proposed stays as it was proposed, and a back-test is of all of it: no clause joins afterwards.
CREATE FUNCTION policy_on_proposed_clause() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM policy_policyproposal
  WHERE id = NEW.proposal_id AND state = 'proposed' AND backtested_at IS NULL FOR SHARE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'proposal % takes no more clauses', NEW.proposal_id USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER policy_on_proposed_clause BEFORE INSERT ON policy_clauseproposal
  FOR EACH ROW EXECUTE FUNCTION policy_on_proposed_clause();

-- A proposal begins open and ends once. Only the function below adopts one; who else runs this trigger is told by
-- current_user, which inside that function is the owner. Times are the database's.
CREATE FUNCTION policy_on_proposal() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  is_owner boolean := current_user = (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = TG_RELID);
BEGIN
  IF is_owner THEN
    RETURN NEW;
  END IF;
  IF TG_OP = 'INSERT' THEN
    IF NEW.state <> 'proposed' OR NEW.backtested_at IS NOT NULL THEN
      RAISE EXCEPTION 'a proposal begins as one' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
  END IF;
  IF OLD.state <> 'proposed' OR NEW.state NOT IN ('proposed', 'rejected', 'withdrawn') THEN
    RAISE EXCEPTION 'proposal % is % and does not become % here', OLD.id, OLD.state, NEW.state
      USING ERRCODE = 'restrict_violation';
  END IF;
  IF NEW.backtested_at IS DISTINCT FROM OLD.backtested_at THEN
    NEW.backtested_at := clock_timestamp();
  END IF;
  IF NEW.decided_at IS DISTINCT FROM OLD.decided_at THEN
    NEW.decided_at := clock_timestamp();
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER policy_on_proposal BEFORE INSERT OR UPDATE ON policy_policyproposal
  FOR EACH ROW EXECUTE FUNCTION policy_on_proposal();

ALTER TABLE policy_policyversion ENABLE ALWAYS TRIGGER policy_refuse_change;
ALTER TABLE policy_policyversion ENABLE ALWAYS TRIGGER policy_refuse_truncate;
ALTER TABLE policy_clause ENABLE ALWAYS TRIGGER policy_refuse_change;
ALTER TABLE policy_clause ENABLE ALWAYS TRIGGER policy_refuse_truncate;
ALTER TABLE policy_clauseproposal ENABLE ALWAYS TRIGGER policy_on_proposed_clause;
ALTER TABLE policy_policyproposal ENABLE ALWAYS TRIGGER policy_on_proposal;

REVOKE ALL ON FUNCTION policy_number(jsonb), policy_refuse_change(), policy_on_proposed_clause(), policy_on_proposal()
  FROM PUBLIC;
