DROP TRIGGER wall_on_offer ON licensing_offer;
DROP TRIGGER wall_on_recipient ON licensing_offerlicensee;
DROP TRIGGER wall_on_objection ON licensing_objection;
DROP FUNCTION wall_on_offer(), wall_on_recipient(), wall_on_objection(), decide_objection(bigint, bigint, text, text),
  open_offer(bigint), approve_offer(bigint, bigint, text), offer_is_built(bigint), wall_hold_offer(bigint),
  offer_rows_to_leave(bigint), release_items_younger(bigint, integer), release_on_the_board(bigint),
  offer_ties_of(bigint, bigint), wall_organizations_of(bigint), offer_parties(bigint), wall_tied(bigint[], text[]),
  offer_greater(bigint, text, text, integer), wall_greater(text, text, integer, integer), offer_digest(bigint),
  wall_say_no(text, text, jsonb), wall_moment();
ALTER TABLE licensing_offer DROP CONSTRAINT licensing_lock_is_whole;
