-- Whether a licensee may receive anything, asked by the database itself; apps/licensing/services/standing.py asks the
-- same and says why. Nobody opens an offer to, or delivers to, a licensee for whom one of these says no.

-- Whether anything changed among the owners of an organization, at any distance, between two moments: whatever was
-- declared or ended in between, and what was declared before and took effect in between. As
-- apps/organizations/queries/control.py has it.
CREATE FUNCTION control_changed(organization bigint, seen timestamptz, at timestamptz) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  seen_on date := (seen AT TIME ZONE 'UTC')::date;
  on_day date := (at AT TIME ZONE 'UTC')::date;
BEGIN
  RETURN EXISTS (
    WITH RECURSIVE owner (id) AS (
      SELECT organization
      UNION
      SELECT t.holder_id FROM owner JOIN organizations_tie t ON t.held_id = owner.id
      WHERE t.kind = 'ownership' AND t.declared_at <= at
        AND (t.until IS NULL OR t.until > seen_on OR t.end_declared_at > seen))
    SELECT 1 FROM owner JOIN organizations_tie t ON t.held_id = owner.id
    WHERE t.kind = 'ownership' AND t.declared_at <= at AND (
      t.declared_at > seen AND (t.until IS NULL OR t.until > seen_on)
      OR t.declared_at <= seen AND t.end_declared_at > seen AND t.end_declared_at <= at
      OR t.since > seen_on AND t.since <= on_day
      OR t.until > seen_on AND t.until <= on_day AND t.end_declared_at <= at));
END $$;

-- The agreement that was accepted and not ended at a moment, expired or not.
CREATE FUNCTION agreement_of(of_licensee bigint, at timestamptz) RETURNS licensing_agreement
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT * FROM licensing_agreement a
  WHERE a.licensee_id = of_licensee AND a.accepted_at <= at AND (a.ended_at IS NULL OR a.ended_at > at)
  ORDER BY a.accepted_at DESC, a.id DESC LIMIT 1
$$;

-- Why a licensee may receive nothing at a moment, in one word; NULL when it may.
CREATE FUNCTION licensee_standing(of_licensee bigint, at timestamptz) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  agreement licensing_agreement := agreement_of(of_licensee, at);
  looked timestamptz;
BEGIN
  IF EXISTS (SELECT 1 FROM licensing_licensee WHERE id = of_licensee AND suspended_at IS NOT NULL)
    OR EXISTS (SELECT 1 FROM licensing_suspension WHERE licensee_id = of_licensee AND ended_at IS NULL) THEN
    RETURN 'suspended';
  ELSIF agreement.id IS NULL THEN
    RETURN 'no-agreement';
  ELSIF agreement.expires_at <= at THEN
    RETURN 'agreement-expired';
  END IF;
  SELECT max(reviewed_at) INTO looked FROM licensing_controlreview
  WHERE agreement_id = agreement.id AND reviewed_at <= at;
  IF control_changed((SELECT organization_id FROM licensing_licensee WHERE id = of_licensee),
    greatest(agreement.accepted_at, looked), at) THEN
    RETURN 'control-changed';
  ELSIF NOT EXISTS (SELECT 1 FROM licensing_finalrecipient WHERE licensee_id = of_licensee AND ended_at IS NULL) THEN
    RETURN 'no-recipient';
  END IF;
  RETURN NULL;
END $$;

-- The same for one release: what its licensee asked it for is among the purposes that are agreed now.
CREATE FUNCTION recipient_standing(of_release bigint, of_licensee bigint, at timestamptz) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT coalesce(licensee_standing(of_licensee, at), CASE WHEN EXISTS (
    SELECT 1 FROM licensing_release r JOIN licensing_accessrequest q ON q.id = r.request_id
    WHERE r.id = of_release AND q.licensee_id = of_licensee
      AND NOT (agreement_of(of_licensee, at)).purposes ? q.purpose) THEN 'other-purpose' END)
$$;

-- Those who approved an offer and are tied by now to somebody who gets it; none is what rule 5 asks for, at opening and
-- at each delivery as on the day of the approval.
CREATE FUNCTION offer_tied_approvers(of_offer bigint) RETURNS bigint[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT coalesce(array_agg(person ORDER BY person), '{}') FROM (
    SELECT approver_id FROM licensing_approval WHERE offer_id = of_offer
    UNION SELECT first_approver_id FROM licensing_offer WHERE id = of_offer AND first_approver_id IS NOT NULL
    UNION SELECT second_approver_id FROM licensing_offer WHERE id = of_offer AND second_approver_id IS NOT NULL
  ) AS approvers (person)
  WHERE offer_ties_of(of_offer, person) <> '{}'
$$;

-- As before, and: the licensee stands, and nobody who approved is tied by now.
CREATE OR REPLACE FUNCTION delivery_stands_open(of_edition bigint, is_history boolean) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT EXISTS (
    SELECT 1 FROM licensing_edition e
    JOIN licensing_release r ON r.id = e.release_id
    JOIN licensing_offer o ON o.id = e.offer_id
    JOIN licensing_licensee l ON l.id = e.licensee_id
    WHERE e.id = of_edition AND r.state = 'sealed' AND o.state = 'open' AND o.opens_at <= clock_timestamp()
      AND recipient_standing(r.id, l.id, wall_moment()) IS NULL
      AND offer_tied_approvers(o.id) = '{}'
      AND CASE WHEN release_on_the_board(r.id) = '{}' THEN true
        ELSE release_items_younger(r.id, offer_greater(o.id, 'W5', 'hold_back_days', 180)) = 0 END
      AND (is_history OR EXISTS (
        SELECT 1 FROM audit_entry n JOIN audit_leaf f ON f.entry_id = n.id
        WHERE n.subject IN ('licensing.edition:' || e.id, 'licensing.release:' || e.release_id)
          AND n.event LIKE 'licensing.%'
          AND convert_from(n.body, 'UTF8')::jsonb -> 'facts' ->> 'manifest_digest' = e.manifest_sha256
          AND f.leaf_index < (SELECT max(size) FROM audit_checkpoint))))
$$;
