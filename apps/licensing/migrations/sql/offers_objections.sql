-- An objection stops the clock by itself, and two people start it again.

CREATE FUNCTION wall_on_objection() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  offer licensing_offer := wall_hold_offer(NEW.offer_id);
  days integer;
BEGIN
  IF offer.state NOT IN ('announced', 'suspended') THEN
    PERFORM wall_say_no('W6', 'not-announced', jsonb_build_object('state', offer.state));
  END IF;
  NEW.made_at := wall_moment();
  -- Here the smaller number is the stricter one.
  SELECT least(5, min((c.parameters ->> 'objection_days')::integer)) INTO days
  FROM policy_clause c JOIN policy_policyversion v ON v.id = c.version_id
  WHERE c.number = 'W6' AND v.number IN (
    offer.policy_version, (SELECT policy_version FROM licensing_release WHERE id = offer.release_id),
    (SELECT max(number) FROM policy_policyversion WHERE effective_at <= clock_timestamp()));
  NEW.due_at := NEW.made_at + make_interval(hours => 24 * greatest(days, 1));
  NEW.state := 'open';
  NEW.outcome := '';
  NEW.public_reason := '';
  NEW.proposed_by_id := NULL;
  NEW.proposed_at := NULL;
  NEW.decided_by_id := NULL;
  NEW.decided_at := NULL;
  NEW.escalated_at := NULL;
  IF offer.state = 'announced' THEN
    UPDATE licensing_offer SET state = 'suspended', suspended_at = NEW.made_at WHERE id = offer.id;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER wall_on_objection BEFORE INSERT ON licensing_objection
  FOR EACH ROW EXECUTE FUNCTION wall_on_objection();

-- The first person proposes an outcome with its public reason; a second one who says the same decides. Somebody who says
-- otherwise proposes anew. Returns what the objection (it) is afterwards.
CREATE FUNCTION decide_objection(it bigint, by_whom bigint, so text, why text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  offer licensing_offer := wall_hold_offer((SELECT offer_id FROM licensing_objection WHERE id = it));
  objection licensing_objection;
  this_moment timestamptz;
BEGIN
  SELECT * INTO objection FROM licensing_objection WHERE id = it FOR UPDATE;
  IF objection.state <> 'open' THEN
    PERFORM wall_say_no('W6', 'decided-before', jsonb_build_object('state', objection.state));
  ELSIF so NOT IN ('dismissed', 'remedied', 'upheld') OR why = '' THEN
    PERFORM wall_say_no('W6', 'no-outcome');
  ELSIF by_whom IN (offer.requester_id, offer.builder_id, objection.account_id,
    (SELECT drafted_by_id FROM licensing_release WHERE id = offer.release_id)) THEN
    PERFORM wall_say_no('W4', 'one-of-the-others');
  ELSIF NOT EXISTS (
    SELECT 1 FROM accounts_rolegrant
    WHERE user_id = by_whom AND role IN ('approver', 'licensing_officer') AND ended_at IS NULL) THEN
    PERFORM wall_say_no('W4', 'no-approver');
  ELSIF offer_ties_of(offer.id, by_whom) <> '{}' THEN
    PERFORM wall_say_no('W5', 'tied', jsonb_build_object('to', to_jsonb(offer_ties_of(offer.id, by_whom))));
  END IF;
  this_moment := wall_moment();
  IF objection.proposed_by_id IS NULL OR objection.proposed_by_id = by_whom OR objection.outcome <> so THEN
    UPDATE licensing_objection SET outcome = so, public_reason = why, proposed_by_id = by_whom,
      proposed_at = this_moment WHERE id = it;
    RETURN 'open';
  END IF;
  -- The words that both stand for are those that the second one read.
  UPDATE licensing_objection SET state = so, decided_by_id = by_whom, decided_at = this_moment
  WHERE id = it;
  IF so = 'upheld' THEN
    UPDATE licensing_offer SET state = 'refused', ended_at = this_moment, ended_clause = 'W6'
    WHERE id = offer.id AND state = 'suspended';
  ELSIF NOT EXISTS (SELECT 1 FROM licensing_objection WHERE offer_id = offer.id AND state = 'open') THEN
    -- The clock goes on where it stood.
    UPDATE licensing_offer SET state = 'announced', suspended_at = NULL,
      opens_at = opens_at + (this_moment - suspended_at) WHERE id = offer.id AND state = 'suspended';
  END IF;
  RETURN so;
END $$;

DO $$
DECLARE
  each record;
BEGIN
  FOR each IN SELECT oid::regprocedure AS signature FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    AND (proname LIKE 'wall\_%' OR proname IN ('offer_digest', 'offer_greater', 'offer_parties', 'offer_ties_of',
      'offer_rows_to_leave', 'offer_is_built', 'approve_offer', 'open_offer', 'decide_objection', 'release_on_the_board',
      'release_items_younger')) LOOP
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', each.signature);
  END LOOP;
END $$;
ALTER TABLE licensing_offer ENABLE ALWAYS TRIGGER wall_on_offer;
ALTER TABLE licensing_offerlicensee ENABLE ALWAYS TRIGGER wall_on_recipient;
ALTER TABLE licensing_objection ENABLE ALWAYS TRIGGER wall_on_objection;
