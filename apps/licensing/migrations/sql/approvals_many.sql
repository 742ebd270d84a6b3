-- As many approvals as the rulebook asks for, from two to five: the greatest number of the versions that the release was
-- drafted under, the offer was made under, and is in force. Each is a row by another person, bound to the same digest.

CREATE FUNCTION offer_approvals_needed(of_offer bigint) RETURNS integer
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT offer_greater(of_offer, 'W4', 'approvals', 2)
$$;

-- One person's yes to exactly these bytes. The last one that is needed starts the clock. Whoever is missing because the
-- rulebook was tightened since can still say yes, and the clock then runs whole from there. Returns which yes it was.
CREATE OR REPLACE FUNCTION approve_offer(of_offer bigint, by_whom bigint, to_what text) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  offer licensing_offer := wall_hold_offer(of_offer);
  needed integer := offer_approvals_needed(of_offer);
  hours integer;
  this_place integer;
  this_moment timestamptz;
BEGIN
  SELECT count(*) + 1 INTO this_place FROM licensing_approval WHERE offer_id = of_offer;
  IF offer.state <> 'awaiting' AND NOT (offer.state = 'announced' AND this_place <= needed) THEN
    PERFORM wall_say_no('W4', 'not-awaiting', jsonb_build_object('state', offer.state));
  ELSIF offer.requester_id IS NULL THEN
    PERFORM wall_say_no('W4', 'nobody-asked');
  ELSIF EXISTS (SELECT 1 FROM licensing_approval WHERE offer_id = of_offer AND approver_id = by_whom) THEN
    PERFORM wall_say_no('W4', 'approved-before');
  ELSIF by_whom IN (offer.requester_id, offer.builder_id,
    (SELECT drafted_by_id FROM licensing_release WHERE id = offer.release_id)) THEN
    PERFORM wall_say_no('W4', 'one-of-the-others');
  ELSIF NOT EXISTS (
    SELECT 1 FROM accounts_rolegrant WHERE user_id = by_whom AND role = 'approver' AND ended_at IS NULL) THEN
    PERFORM wall_say_no('W4', 'no-approver');
  ELSIF to_what IS DISTINCT FROM offer.digest OR offer_digest(of_offer) IS DISTINCT FROM offer.digest THEN
    PERFORM wall_say_no('W4', 'changed');
  ELSIF offer_ties_of(of_offer, by_whom) <> '{}' THEN
    PERFORM wall_say_no('W5', 'tied', jsonb_build_object('to', to_jsonb(offer_ties_of(of_offer, by_whom))));
  END IF;
  this_moment := wall_moment();
  INSERT INTO licensing_approval (offer_id, approver_id, place, digest, approved_at)
  VALUES (of_offer, by_whom, this_place, to_what, this_moment);
  IF offer.first_approver_id IS NULL THEN
    UPDATE licensing_offer SET first_approver_id = by_whom WHERE id = of_offer;
    RETURN this_place;
  ELSIF offer.second_approver_id IS NULL THEN
    UPDATE licensing_offer SET second_approver_id = by_whom WHERE id = of_offer;
  END IF;
  IF this_place < needed THEN
    RETURN this_place;
  END IF;
  hours := offer_greater(of_offer, 'W6', 'hours', 72);
  IF offer.state = 'announced' THEN
    UPDATE licensing_offer SET opens_at = greatest(opens_at, this_moment + make_interval(hours => hours))
    WHERE id = of_offer;
  ELSE
    UPDATE licensing_offer SET state = 'announced', announced_at = this_moment,
      lock_hours = hours, opens_at = this_moment + make_interval(hours => hours) WHERE id = of_offer;
  END IF;
  RETURN this_place;
END $$;

-- Everything once more, under the strictest of three versions of the rulebook, at the last moment before files can leave.
CREATE OR REPLACE FUNCTION open_offer(of_offer bigint) RETURNS timestamptz
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  offer licensing_offer := wall_hold_offer(of_offer);
  this_moment timestamptz := wall_moment();
  opens timestamptz;
  needed integer := offer_approvals_needed(of_offer);
  given integer;
  days integer;
  least integer;
  young bigint;
  one record;
BEGIN
  IF offer.state = 'suspended' OR EXISTS (
    SELECT 1 FROM licensing_objection WHERE offer_id = of_offer AND state = 'open')
    OR EXISTS (SELECT 1 FROM licensing_waitingobjection WHERE offer_id = of_offer) THEN
    PERFORM wall_say_no('W6', 'objected');
  ELSIF offer.state <> 'announced' THEN
    PERFORM wall_say_no('W6', 'not-announced', jsonb_build_object('state', offer.state));
  END IF;
  opens := greatest(offer.opens_at, offer.announced_at
    + make_interval(hours => offer_greater(of_offer, 'W6', 'hours', offer.lock_hours)));
  SELECT count(DISTINCT approver_id) INTO given FROM licensing_approval
  WHERE offer_id = of_offer AND digest = offer.digest
    AND approver_id NOT IN (offer.requester_id, offer.builder_id);
  IF this_moment < opens THEN
    PERFORM wall_say_no('W6', 'locked', jsonb_build_object('opens_at', opens));
  ELSIF offer_digest(of_offer) IS DISTINCT FROM offer.digest THEN
    PERFORM wall_say_no('W4', 'changed');
  ELSIF given < needed THEN
    PERFORM wall_say_no('W4', 'too-few-approvals', jsonb_build_object('given', given, 'needed', needed));
  ELSIF offer_rows_to_leave(of_offer) > 0 THEN
    PERFORM wall_say_no('W11', 'holds-rows', jsonb_build_object('rows', offer_rows_to_leave(of_offer)));
  END IF;
  FOR one IN SELECT licensee_id AS id, recipient_standing(offer.release_id, licensee_id, this_moment) AS standing
    FROM licensing_offerlicensee WHERE offer_id = of_offer ORDER BY licensee_id LOOP
    IF one.standing IS NOT NULL THEN
      PERFORM wall_say_no('W5', one.standing, jsonb_build_object('licensee', one.id));
    END IF;
  END LOOP;
  FOR one IN SELECT unnest(offer_tied_approvers(of_offer)) AS person LOOP
    PERFORM wall_say_no('W5', 'tied', jsonb_build_object('to', to_jsonb(offer_ties_of(of_offer, one.person))));
  END LOOP;
  least := offer_greater(of_offer, 'W7', 'k', 1);
  IF EXISTS (
    SELECT 1 FROM licensing_edition WHERE offer_id = of_offer AND (manifest #>> '{contributors,k}')::integer < least) THEN
    PERFORM wall_say_no('W7', 'too-few-alike', jsonb_build_object('k', least));
  END IF;
  days := offer_greater(of_offer, 'W1', 'min_age_days', 60);
  young := release_items_younger(offer.release_id, days);
  IF young > 0 THEN
    PERFORM wall_say_no('W1', 'too-young', jsonb_build_object('items', young, 'days', days));
  END IF;
  IF release_on_the_board(offer.release_id) <> '{}' THEN
    days := offer_greater(of_offer, 'W5', 'hold_back_days', 180);
    young := release_items_younger(offer.release_id, days);
    IF young > 0 THEN
      PERFORM wall_say_no('W5', 'held-back', jsonb_build_object('items', young, 'days', days));
    END IF;
  END IF;
  UPDATE licensing_offer SET state = 'open', opened_at = this_moment WHERE id = of_offer;
  RETURN this_moment;
END $$;

-- Behind the functions: who approves is none of the others, also in the third to fifth place, which no column names.
CREATE FUNCTION approval_on_insert() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF EXISTS (
    SELECT 1 FROM licensing_offer WHERE id = NEW.offer_id AND NEW.approver_id IN (requester_id, builder_id)) THEN
    RAISE EXCEPTION 'whoever asked for or built offer % does not approve it', NEW.offer_id
      USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER approval_on_insert BEFORE INSERT ON licensing_approval
  FOR EACH ROW EXECUTE FUNCTION approval_on_insert();
ALTER TABLE licensing_approval ENABLE ALWAYS TRIGGER approval_on_insert;

DO $$
DECLARE
  each record;
BEGIN
  FOR each IN SELECT oid::regprocedure AS signature FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    AND proname IN ('control_changed', 'agreement_of', 'licensee_standing', 'recipient_standing',
      'offer_tied_approvers', 'delivery_stands_open', 'offer_approvals_needed', 'approval_on_insert') LOOP
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', each.signature);
  END LOOP;
END $$;
