-- An objection that is upheld in part takes rows back for real: those who decide name the battles, both the same ones,
-- and with the second word each has its tombstone. Nothing opens then before the editions are written without them.

ALTER TABLE licensing_objection ALTER COLUMN battles SET DEFAULT '[]', ALTER COLUMN network SET DEFAULT '';

DROP FUNCTION decide_objection(bigint, bigint, text, text);
CREATE FUNCTION decide_objection(it bigint, by_whom bigint, so text, why text, which bigint[]) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  offer licensing_offer := wall_hold_offer((SELECT offer_id FROM licensing_objection WHERE id = it));
  objection licensing_objection;
  these jsonb;
  this_moment timestamptz;
BEGIN
  SELECT * INTO objection FROM licensing_objection WHERE id = it FOR UPDATE;
  SELECT coalesce(jsonb_agg(DISTINCT battle), '[]') INTO these FROM unnest(which) AS named (battle);
  IF objection.state <> 'open' THEN
    PERFORM wall_say_no('W6', 'decided-before', jsonb_build_object('state', objection.state));
  ELSIF so NOT IN ('dismissed', 'remedied', 'upheld') OR why = '' THEN
    PERFORM wall_say_no('W6', 'no-outcome');
  ELSIF (so = 'remedied') <> (jsonb_array_length(these) > 0) THEN
    PERFORM wall_say_no('W6', 'no-rows');
  ELSIF EXISTS (
    SELECT 1 FROM unnest(which) AS named (battle) WHERE NOT EXISTS (
      SELECT 1 FROM release_item i WHERE i.battle_id = named.battle AND i.release_id = offer.release_id)) THEN
    PERFORM wall_say_no('W6', 'other-rows');
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
  IF objection.proposed_by_id IS NULL OR objection.proposed_by_id = by_whom OR objection.outcome <> so
    OR objection.battles <> these THEN
    UPDATE licensing_objection SET outcome = so, public_reason = why, battles = these, proposed_by_id = by_whom,
      proposed_at = this_moment WHERE id = it;
    RETURN 'open';
  END IF;
  -- The words that both stand for are those that the second one read.
  UPDATE licensing_objection SET state = so, decided_by_id = by_whom, decided_at = this_moment
  WHERE id = it;
  IF so = 'remedied' THEN
    INSERT INTO licensing_tombstone (battle_id, reason, is_urgent, at)
    SELECT battle, 'objection', false, clock_timestamp() FROM unnest(which) AS named (battle)
    ON CONFLICT DO NOTHING;
  END IF;
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
REVOKE ALL ON FUNCTION decide_objection(bigint, bigint, text, text, bigint[]) FROM PUBLIC;
