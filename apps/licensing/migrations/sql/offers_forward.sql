-- From sealing to opening: offers go forward by these functions alone. Each runs with its owner's rights, reads the
-- database's clock, and holds the release before the offer, so that nobody gives the release up meanwhile.
--
-- A function that says no raises one kind of error, whose DETAIL is JSON for the program: the clause, a code, numbers.

-- Never let an announced lock be shorter than three days: hours, as everywhere in the wall, since a day can have 23.
ALTER TABLE licensing_offer ADD CONSTRAINT licensing_lock_is_whole
  CHECK (announced_at IS NULL OR opens_at >= announced_at + make_interval(hours => lock_hours));

-- Now. Only a session of the tables' owner may say that it is another moment (SET LOCAL wall.moment = '...'): that is
-- how the demo's history is loaded, as with the times of battles.
CREATE FUNCTION wall_moment() RETURNS timestamptz
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF wall_loads_history('public.licensing_offer'::regclass) THEN
    RETURN coalesce(nullif(current_setting('wall.moment', true), '')::timestamptz, clock_timestamp());
  END IF;
  RETURN clock_timestamp();
END $$;

CREATE FUNCTION wall_say_no(of_clause text, code text, numbers jsonb DEFAULT '{}') RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RAISE EXCEPTION 'the wall says no: %', code USING ERRCODE = 'restrict_violation',
    DETAIL = (numbers || jsonb_build_object('clause', of_clause, 'code', code))::text;
END $$;

-- What approvals bind: the root, and each edition's manifest as it was built. A manifest that was exchanged without a
-- revision to show for it has no digest at all.
CREATE FUNCTION offer_digest(of_offer bigint) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  root text;
  manifests text[];
  missing bigint;
BEGIN
  SELECT r.items_root INTO root FROM licensing_offer o JOIN licensing_release r ON r.id = o.release_id
  WHERE o.id = of_offer;
  SELECT array_agg(CASE WHEN e.revision = 0 THEN
      CASE WHEN first.manifest_sha256 IS NULL OR first.manifest_sha256 = e.manifest_sha256 THEN e.manifest_sha256 END
    ELSE CASE WHEN now_in.manifest_sha256 = e.manifest_sha256 THEN first.manifest_sha256 END END)
  INTO manifests
  FROM licensing_edition e
  LEFT JOIN licensing_editionrevision first ON first.edition_id = e.id AND first.number = 0
  LEFT JOIN licensing_editionrevision now_in ON now_in.edition_id = e.id AND now_in.number = e.revision
  WHERE e.offer_id = of_offer;
  SELECT count(*) INTO missing FROM licensing_offerlicensee l WHERE l.offer_id = of_offer AND NOT EXISTS (
    SELECT 1 FROM licensing_edition e WHERE e.offer_id = of_offer AND e.licensee_id = l.licensee_id);
  IF manifests IS NULL OR array_position(manifests, NULL) IS NOT NULL OR missing > 0 THEN
    RETURN NULL;
  END IF;
  -- Canonical JSON (RFC 8785) of two keys and hexadecimal digits is this and nothing else.
  RETURN encode(sha256(convert_to('{"editions":["' || (
    SELECT string_agg(one, '","' ORDER BY one COLLATE "C") FROM unnest(manifests) AS one
  ) || '"],"root":"' || root || '"}', 'UTF8')), 'hex');
END $$;

-- A number of the rulebook under the version that a release is pinned to and the one in force: the greater of them.
CREATE FUNCTION wall_greater(of_clause text, of_parameter text, pinned integer, at_least integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RETURN greatest(at_least, (
    SELECT max((c.parameters ->> of_parameter)::integer)
    FROM policy_clause c JOIN policy_policyversion v ON v.id = c.version_id
    WHERE c.number = of_clause AND v.number IN (
      pinned, (SELECT max(number) FROM policy_policyversion WHERE effective_at <= clock_timestamp()))));
END $$;

-- The same for an offer: whatever the release was drafted under, the offer was made under, or is in force.
CREATE FUNCTION offer_greater(of_offer bigint, of_clause text, of_parameter text, at_least integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RETURN (
    SELECT greatest(wall_greater(of_clause, of_parameter, o.policy_version, at_least),
      wall_greater(of_clause, of_parameter, r.policy_version, at_least))
    FROM licensing_offer o JOIN licensing_release r ON r.id = o.release_id WHERE o.id = of_offer);
END $$;

-- Every organization that some are tied to today over some kinds of ties, either way and at any distance, themselves
-- included. UNION without ALL ends circles.
CREATE FUNCTION wall_tied(organizations bigint[], kinds text[]) RETURNS bigint[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RETURN (
    WITH RECURSIVE reached (id) AS (
      SELECT unnest(organizations)
      UNION
      SELECT CASE WHEN t.holder_id = reached.id THEN t.held_id ELSE t.holder_id END
      FROM reached JOIN organizations_tie t ON reached.id IN (t.holder_id, t.held_id)
      WHERE (kinds IS NULL OR t.kind = ANY (kinds)) AND t.since <= (clock_timestamp() AT TIME ZONE 'UTC')::date
        AND (t.until IS NULL OR t.until > (clock_timestamp() AT TIME ZONE 'UTC')::date))
    SELECT coalesce(array_agg(id), '{}') FROM reached);
END $$;

-- Whoever gets something by an offer: its licensees, and the final recipients that they have declared.
CREATE FUNCTION offer_parties(of_offer bigint) RETURNS bigint[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  parties bigint[];
BEGIN
  SELECT coalesce(array_agg(l.organization_id), '{}') INTO parties
  FROM licensing_offerlicensee o JOIN licensing_licensee l ON l.id = o.licensee_id WHERE o.offer_id = of_offer;
  RETURN parties || ARRAY(
    SELECT f.organization_id FROM licensing_offerlicensee o
    JOIN licensing_finalrecipient f ON f.licensee_id = o.licensee_id
    WHERE o.offer_id = of_offer AND f.ended_at IS NULL);
END $$;

-- For whom a person works, and what they declared about themselves.
CREATE FUNCTION wall_organizations_of(account bigint) RETURNS bigint[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  organizations bigint[];
  today date := (clock_timestamp() AT TIME ZONE 'UTC')::date;
BEGIN
  SELECT coalesce(array_agg(a.organization_id), '{}') INTO organizations
  FROM contributors_affiliation a JOIN contributors_contributor c ON c.id = a.contributor_id
  WHERE c.account_id = account AND a.ended_at IS NULL AND a.organization_id IS NOT NULL;
  RETURN organizations || ARRAY(
    SELECT s.organization_id FROM organizations_stafftie s
    WHERE s.account_id = account AND s.since <= today AND (s.until IS NULL OR s.until > today));
END $$;

-- The organizations to which both a person and somebody who gets the offer are tied, by employment or ownership at any
-- distance; none is what rule 5 asks for.
CREATE FUNCTION offer_ties_of(of_offer bigint, account bigint) RETURNS bigint[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RETURN (
    SELECT coalesce(array_agg(id ORDER BY id), '{}')
    FROM unnest(wall_tied(wall_organizations_of(account), ARRAY['ownership', 'employer'])) AS own (id)
    WHERE id = ANY (offer_parties(of_offer)));
END $$;

-- The licensees of a release that are on the board themselves or by any tie at any distance; all offers count.
CREATE FUNCTION release_on_the_board(of_release bigint) RETURNS bigint[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RETURN (
    SELECT coalesce(array_agg(party ORDER BY party), '{}')
    FROM (SELECT DISTINCT unnest(offer_parties(o.id)) AS party FROM licensing_offer o
      WHERE o.release_id = of_release AND o.state NOT IN ('refused', 'cancelled')) AS parties
    WHERE EXISTS (
      SELECT 1 FROM battles_languagemodel m
      WHERE NOT m.is_imported AND m.organization_id = ANY (wall_tied(ARRAY[party], NULL))));
END $$;

-- How many items of a release had their last live event fewer than some days ago.
CREATE FUNCTION release_items_younger(of_release bigint, days integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RETURN (
    SELECT count(*) FROM release_item i JOIN eligible_battle e ON e.battle_id = i.battle_id
    WHERE i.release_id = of_release AND e.last_event_at > wall_moment() - make_interval(hours => 24 * days));
END $$;

-- How many released rows were taken back that an edition of an offer may still hold: more than its manifest says have
-- left it, or, where a manifest counts none, those that were taken back after it was built.
CREATE FUNCTION offer_rows_to_leave(of_offer bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RETURN (
    SELECT coalesce(sum(CASE WHEN e.manifest #> '{gone,withdrawn}' IS NOT NULL
      THEN abs(taken.rows - jsonb_array_length(e.manifest #> '{gone,withdrawn}')) ELSE taken.later END), 0)::bigint
    FROM licensing_edition e CROSS JOIN LATERAL (
      SELECT count(*) AS rows, count(*) FILTER (WHERE t.at >= e.built_at) AS later
      FROM release_item i JOIN licensing_tombstone t ON t.battle_id = i.battle_id
      WHERE i.release_id = e.release_id) AS taken
    WHERE e.offer_id = of_offer);
END $$;

-- Held in this order by everybody: the release, then the offer.
CREATE FUNCTION wall_hold_offer(of_offer bigint) RETURNS licensing_offer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  offer licensing_offer;
  stands text;
BEGIN
  PERFORM wall_require_read_committed();
  SELECT state INTO stands FROM licensing_release
  WHERE id = (SELECT release_id FROM licensing_offer WHERE id = of_offer) FOR SHARE;
  SELECT * INTO offer FROM licensing_offer WHERE id = of_offer FOR UPDATE;
  IF offer.id IS NULL THEN
    PERFORM wall_say_no('W4', 'no-offer');
  ELSIF stands IS DISTINCT FROM 'sealed' THEN
    PERFORM wall_say_no('W4', 'not-sealed', jsonb_build_object('state', stands));
  END IF;
  RETURN offer;
END $$;

-- All editions are there: the offer waits for its approvals, and what they bind is put down.
CREATE FUNCTION offer_is_built(of_offer bigint) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  offer licensing_offer := wall_hold_offer(of_offer);
  binds text := offer_digest(of_offer);
BEGIN
  IF offer.state <> 'building' THEN
    PERFORM wall_say_no('W4', 'not-building', jsonb_build_object('state', offer.state));
  ELSIF binds IS NULL THEN
    PERFORM wall_say_no('W4', 'not-built');
  END IF;
  UPDATE licensing_offer SET state = 'awaiting', digest = binds WHERE id = of_offer;
  RETURN binds;
END $$;

-- One person's yes to exactly these bytes. The second one starts the clock. Returns which of the two it was.
CREATE FUNCTION approve_offer(of_offer bigint, by_whom bigint, to_what text) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  offer licensing_offer := wall_hold_offer(of_offer);
  hours integer;
  this_moment timestamptz;
BEGIN
  IF offer.state <> 'awaiting' THEN
    PERFORM wall_say_no('W4', 'not-awaiting', jsonb_build_object('state', offer.state));
  ELSIF offer.requester_id IS NULL THEN
    PERFORM wall_say_no('W4', 'nobody-asked');
  ELSIF by_whom = offer.first_approver_id THEN
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
  VALUES (of_offer, by_whom, CASE WHEN offer.first_approver_id IS NULL THEN 1 ELSE 2 END, to_what, this_moment);
  IF offer.first_approver_id IS NULL THEN
    UPDATE licensing_offer SET first_approver_id = by_whom WHERE id = of_offer;
    RETURN 1;
  END IF;
  hours := offer_greater(of_offer, 'W6', 'hours', 72);
  UPDATE licensing_offer SET second_approver_id = by_whom, state = 'announced', announced_at = this_moment,
    lock_hours = hours, opens_at = this_moment + make_interval(hours => hours) WHERE id = of_offer;
  RETURN 2;
END $$;

-- Everything once more, under the strictest of three versions of the rulebook, at the last moment before files can leave.
CREATE FUNCTION open_offer(of_offer bigint) RETURNS timestamptz
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  offer licensing_offer := wall_hold_offer(of_offer);
  this_moment timestamptz := wall_moment();
  opens timestamptz;
  days integer;
  least integer;
  young bigint;
  of_person bigint;
BEGIN
  IF offer.state = 'suspended' OR EXISTS (
    SELECT 1 FROM licensing_objection WHERE offer_id = of_offer AND state = 'open') THEN
    PERFORM wall_say_no('W6', 'objected');
  ELSIF offer.state <> 'announced' THEN
    PERFORM wall_say_no('W6', 'not-announced', jsonb_build_object('state', offer.state));
  END IF;
  opens := greatest(offer.opens_at, offer.announced_at
    + make_interval(hours => offer_greater(of_offer, 'W6', 'hours', offer.lock_hours)));
  IF this_moment < opens THEN
    PERFORM wall_say_no('W6', 'locked', jsonb_build_object('opens_at', opens));
  ELSIF offer_digest(of_offer) IS DISTINCT FROM offer.digest
    OR 2 <> (SELECT count(*) FROM licensing_approval WHERE offer_id = of_offer AND digest = offer.digest
      AND approver_id IN (offer.first_approver_id, offer.second_approver_id)) THEN
    PERFORM wall_say_no('W4', 'changed');
  ELSIF offer_rows_to_leave(of_offer) > 0 THEN
    PERFORM wall_say_no('W11', 'holds-rows', jsonb_build_object('rows', offer_rows_to_leave(of_offer)));
  ELSIF EXISTS (
    SELECT 1 FROM licensing_offerlicensee o JOIN licensing_licensee l ON l.id = o.licensee_id
    WHERE o.offer_id = of_offer AND l.suspended_at IS NOT NULL) THEN
    PERFORM wall_say_no('W5', 'suspended');
  END IF;
  FOREACH of_person IN ARRAY ARRAY[offer.first_approver_id, offer.second_approver_id] LOOP
    IF offer_ties_of(of_offer, of_person) <> '{}' THEN
      PERFORM wall_say_no('W5', 'tied', jsonb_build_object('to', to_jsonb(offer_ties_of(of_offer, of_person))));
    END IF;
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

-- Offers go forward by the functions above; what the application may do by itself is to end one.
--
-- Whoever is the table's owner at this moment is a function of the wall, since no process that serves is the owner. The
-- owner's own session may also bring times along, as for histories; what the CHECKs ask for, it must keep as well.
CREATE FUNCTION wall_on_offer() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  the_owner name := (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = TG_RELID);
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF session_user <> the_owner AND (NEW.state <> 'building' OR NEW.digest <> '' OR NEW.ended_clause <> ''
      OR num_nonnulls(NEW.first_approver_id, NEW.second_approver_id, NEW.announced_at, NEW.lock_hours, NEW.opens_at,
        NEW.suspended_at, NEW.opened_at, NEW.ended_at) > 0) THEN
      RAISE EXCEPTION 'an offer begins as one that is being built' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
  END IF;
  IF NEW.state <> OLD.state AND (OLD.state || ' to ' || NEW.state) NOT IN (
    'building to awaiting', 'awaiting to announced', 'announced to suspended', 'suspended to announced',
    'announced to open', 'building to refused', 'awaiting to refused', 'announced to refused', 'suspended to refused',
    'building to cancelled', 'awaiting to cancelled', 'announced to cancelled', 'suspended to cancelled',
    'open to cancelled', 'building to withdrawn', 'awaiting to withdrawn', 'announced to withdrawn',
    'suspended to withdrawn', 'open to withdrawn') THEN
    RAISE EXCEPTION 'offer % does not go from % to %', OLD.id, OLD.state, NEW.state USING ERRCODE = 'restrict_violation';
  END IF;
  IF current_user <> the_owner THEN
    IF NEW.state NOT IN ('refused', 'cancelled', 'withdrawn') OR OLD.ended_at IS NOT NULL
      OR to_jsonb(NEW) - ARRAY['state', 'ended_at', 'ended_clause']
        IS DISTINCT FROM to_jsonb(OLD) - ARRAY['state', 'ended_at', 'ended_clause'] THEN
      RAISE EXCEPTION 'offer % goes forward by the functions of the wall alone', OLD.id
        USING ERRCODE = 'restrict_violation';
    END IF;
  END IF;
  IF session_user <> the_owner THEN
    IF NEW.state IN ('refused', 'cancelled', 'withdrawn') AND OLD.ended_at IS NULL THEN
      NEW.ended_at := clock_timestamp();
    END IF;
    IF ROW (NEW.release_id, NEW.number, NEW.policy_version, NEW.requester_id, NEW.builder_id)
      IS DISTINCT FROM ROW (OLD.release_id, OLD.number, OLD.policy_version, OLD.requester_id, OLD.builder_id)
      OR OLD.digest <> '' AND NEW.digest <> OLD.digest
      OR OLD.first_approver_id IS NOT NULL AND NEW.first_approver_id IS DISTINCT FROM OLD.first_approver_id
      OR OLD.second_approver_id IS NOT NULL AND NEW.second_approver_id IS DISTINCT FROM OLD.second_approver_id
      OR OLD.announced_at IS NOT NULL AND (NEW.announced_at IS DISTINCT FROM OLD.announced_at
        OR NEW.opens_at IS NULL OR NEW.opens_at < OLD.opens_at)
      OR OLD.opened_at IS NOT NULL AND NEW.opened_at IS DISTINCT FROM OLD.opened_at THEN
      RAISE EXCEPTION 'offer % is not rewritten', OLD.id USING ERRCODE = 'restrict_violation';
    END IF;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER wall_on_offer BEFORE INSERT OR UPDATE ON licensing_offer
  FOR EACH ROW EXECUTE FUNCTION wall_on_offer();

-- Whoever is added to an offer after it was built would get bytes that nobody approved.
CREATE FUNCTION wall_on_recipient() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF (SELECT state FROM licensing_offer WHERE id = NEW.offer_id FOR SHARE) <> 'building' THEN
    RAISE EXCEPTION 'offer % is built, and nobody joins it', NEW.offer_id USING ERRCODE = 'restrict_violation';
  ELSIF EXISTS (
    SELECT 1 FROM licensing_offerlicensee l JOIN licensing_offer o ON o.id = l.offer_id
    WHERE l.licensee_id = NEW.licensee_id AND o.release_id = (SELECT release_id FROM licensing_offer WHERE id = NEW.offer_id)) THEN
    RAISE EXCEPTION 'licensee % has, or had, an offer of this release', NEW.licensee_id USING ERRCODE = 'unique_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER wall_on_recipient BEFORE INSERT ON licensing_offerlicensee
  FOR EACH ROW EXECUTE FUNCTION wall_on_recipient();
