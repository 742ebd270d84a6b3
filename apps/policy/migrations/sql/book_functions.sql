-- How a version comes to be. The database, not whoever proposes, decides what loosens.
--
-- Refusals have codes of their own, which apps/policy/services/deciding.py names: BK001 not open, BK002 one person
-- alone, BK003 not tested on every past release, BK004 stale, BK005 nothing differs, BK006 unfit.

-- What it means that a parameter moves. Only a number with a declared safer side tightens or loosens.
CREATE FUNCTION policy_effect(of_clause text, of_name text, was jsonb, becomes jsonb) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT CASE
    WHEN was IS NOT DISTINCT FROM becomes THEN 'same'
    WHEN policy_number(was) IS NULL OR policy_number(becomes) IS NULL THEN 'changes'
    ELSE coalesce((
      SELECT CASE
        WHEN d.safer = 'none' THEN 'changes'
        WHEN (policy_number(becomes) > policy_number(was)) = (d.safer = 'higher') THEN 'tightens'
        ELSE 'loosens' END
      FROM policy_parameterdirection d WHERE d.clause = of_clause AND d.name = of_name), 'changes')
  END
$$;

-- Everything in which a proposal differs from a version: a row for each parameter, and one without a name for words,
-- or for a clause that comes or goes.
CREATE FUNCTION policy_differences(of_proposal bigint, from_version bigint)
RETURNS TABLE (clause text, name text, was jsonb, becomes jsonb, effect text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT p.number, k.key, c.parameters -> k.key, p.parameters -> k.key,
    policy_effect(p.number, k.key, c.parameters -> k.key, p.parameters -> k.key)
  FROM policy_clauseproposal p
  JOIN policy_clause c ON c.version_id = from_version AND c.number = p.number
  CROSS JOIN LATERAL (
    SELECT jsonb_object_keys(c.parameters) UNION SELECT jsonb_object_keys(p.parameters)) AS k (key)
  WHERE p.proposal_id = of_proposal AND NOT p.is_removed
    AND (c.parameters -> k.key) IS DISTINCT FROM (p.parameters -> k.key)
  UNION ALL
  SELECT p.number, '', NULL, NULL, 'changes'
  FROM policy_clauseproposal p
  LEFT JOIN policy_clause c ON c.version_id = from_version AND c.number = p.number
  WHERE p.proposal_id = of_proposal
    AND CASE WHEN p.is_removed THEN c.id IS NOT NULL
      ELSE c.id IS NULL OR (c.title, c.text) IS DISTINCT FROM (p.title, p.text) END
$$;

-- Whether the program that reads a clause could still read it.
CREATE FUNCTION policy_is_fit(of_proposal bigint, from_version bigint) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT NOT EXISTS (
    SELECT 1 FROM policy_clauseproposal p
    LEFT JOIN policy_clause c ON c.version_id = from_version AND c.number = p.number
    WHERE p.proposal_id = of_proposal AND CASE
      WHEN p.is_removed THEN c.id IS NULL OR c.parameters <> '{}' OR p.number LIKE 'W%'
      ELSE ARRAY(SELECT jsonb_object_keys(p.parameters) ORDER BY 1)
        <> ARRAY(SELECT jsonb_object_keys(coalesce(c.parameters, '{}')) ORDER BY 1) END)
  AND NOT EXISTS (
    SELECT 1 FROM policy_differences(of_proposal, from_version) d
    LEFT JOIN policy_parameterdirection s ON s.clause = d.clause AND s.name = d.name
    WHERE d.name <> '' AND CASE
      WHEN jsonb_typeof(d.was) = 'null' OR jsonb_typeof(d.becomes) = 'null'
        THEN coalesce(s.safer, 'none') <> 'none'
      WHEN jsonb_typeof(d.was) <> jsonb_typeof(d.becomes) THEN true
      WHEN jsonb_typeof(d.was) = 'number' THEN policy_number(d.becomes) NOT BETWEEN 0 AND 2147483647
        OR policy_number(d.was) % 1 = 0 AND policy_number(d.becomes) % 1 <> 0
      ELSE false END)
$$;

-- Whether every release that was judged has its row in the back-test. The wall's table lies on a higher floor than
-- this one and is looked for when it is needed.
CREATE FUNCTION policy_is_tested(of_proposal bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  left_out boolean := false;
BEGIN
  IF to_regclass('public.licensing_release') IS NOT NULL THEN
    EXECUTE 'SELECT EXISTS (SELECT 1 FROM licensing_release r WHERE r.state NOT IN (''draft'', ''cancelled'')'
      ' AND NOT EXISTS (SELECT 1 FROM policy_backtest b'
      ' WHERE b.proposal_id = $1 AND b.subject = ''licensing.release:'' || r.id))' INTO left_out USING of_proposal;
  END IF;
  RETURN NOT left_out AND EXISTS (
    SELECT 1 FROM policy_policyproposal WHERE id = of_proposal AND backtested_at IS NOT NULL);
END $$;

-- Adopts a proposal in the name of a second person, and returns how many versions that wrote.
--
-- What only tightens is written into the version in force and, where it is stricter, into each version that waits,
-- which keep their times: so a loosening that waits comes neither earlier nor back without what was tightened
-- meanwhile. Anything else is written once, upon the newest version, and waits for the days of clause W9, by whichever
-- version of that clause asks for the most, and no shorter than what waits already.
--
-- The time is the database's own. Only the owner's session may bring one, as histories are loaded.
CREATE FUNCTION policy_adopt(of_proposal bigint, second_person bigint, at timestamptz DEFAULT NULL) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  asked policy_policyproposal;
  newest policy_policyversion;
  each record;
  moment timestamptz;
  first_at timestamptz;
  days numeric;
  waits boolean;
  tightens boolean;
  loosens boolean;
  of_kind text;
  is_moved boolean := false;
  written integer := 0;
  made bigint;
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'the rulebook works under READ COMMITTED only' USING ERRCODE = 'invalid_transaction_state';
  END IF;
  -- One at a time: the second who adopts compares with what the first has written. Readers wait for nobody.
  LOCK TABLE policy_policyversion IN SHARE ROW EXCLUSIVE MODE;
  moment := clock_timestamp();
  IF at IS NOT NULL AND session_user = (
    SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = 'policy_policyversion'::regclass) THEN
    moment := at;
  END IF;
  SELECT * INTO asked FROM policy_policyproposal WHERE id = of_proposal FOR UPDATE;
  IF asked.state IS DISTINCT FROM 'proposed' THEN
    RAISE EXCEPTION 'proposal % is not open', of_proposal USING ERRCODE = 'BK001';
  END IF;
  IF second_person IS NULL OR second_person = asked.proposer_id THEN
    RAISE EXCEPTION 'two people change the rulebook' USING ERRCODE = 'BK002';
  END IF;
  SELECT * INTO newest FROM policy_policyversion ORDER BY number DESC LIMIT 1;
  IF asked.based_on_id <> newest.id THEN
    RAISE EXCEPTION 'proposal % was made on another version than %', of_proposal, newest.number USING ERRCODE = 'BK004';
  END IF;
  IF NOT policy_is_fit(of_proposal, newest.id) THEN
    RAISE EXCEPTION 'proposal % is unfit', of_proposal USING ERRCODE = 'BK006';
  END IF;
  IF NOT policy_is_tested(of_proposal) THEN
    RAISE EXCEPTION 'proposal % was not tested on every past release', of_proposal USING ERRCODE = 'BK003';
  END IF;
  SELECT bool_or(effect <> 'tightens'), bool_or(effect = 'tightens'), bool_or(effect = 'loosens')
  INTO waits, tightens, loosens FROM policy_differences(of_proposal, newest.id);
  IF waits IS NULL THEN
    RAISE EXCEPTION 'proposal % changes nothing', of_proposal USING ERRCODE = 'BK005';
  END IF;
  of_kind := CASE WHEN NOT waits THEN 'tightens' WHEN tightens THEN 'mixed' WHEN loosens THEN 'loosens'
    ELSE 'changes' END;

  IF waits THEN
    -- The version in force, and those that wait, each with its own idea of how long the notice is.
    SELECT greatest(30, max(policy_number(c.parameters -> 'loosening_days'))) INTO days
    FROM policy_clause c JOIN policy_policyversion v ON v.id = c.version_id
    WHERE c.number = 'W9' AND NOT EXISTS (
      SELECT 1 FROM policy_policyversion l
      WHERE l.number > v.number AND l.effective_at <= greatest(v.effective_at, moment));
    first_at := greatest(moment + make_interval(hours => 24 * coalesce(days, 30)::integer), newest.effective_at);
    INSERT INTO policy_policyversion (number, effective_at, summary, kind, adopted_at, proposal_id)
    VALUES (newest.number + 1, first_at, asked.reason, of_kind, moment, of_proposal) RETURNING id INTO made;
    INSERT INTO policy_clause (version_id, number, title, text, parameters)
    SELECT made, c.number, c.title, c.text, c.parameters FROM policy_clause c
    WHERE c.version_id = newest.id AND NOT EXISTS (
      SELECT 1 FROM policy_clauseproposal p WHERE p.proposal_id = of_proposal AND p.number = c.number)
    UNION ALL
    SELECT made, p.number, p.title, p.text, p.parameters FROM policy_clauseproposal p
    WHERE p.proposal_id = of_proposal AND NOT p.is_removed;
    written := 1;
  ELSE
    FOR each IN
      SELECT v.id, v.number, v.effective_at, v.effective_at > moment AS is_waiting FROM policy_policyversion v
      WHERE NOT EXISTS (
        SELECT 1 FROM policy_policyversion l
        WHERE l.number > v.number AND l.effective_at <= greatest(v.effective_at, moment))
      ORDER BY v.number
    LOOP
      -- From the first version that becomes stricter on, every later one is written anew, or its place in the order
      -- of numbers would be lost.
      is_moved := is_moved OR EXISTS (
        SELECT 1 FROM policy_differences(of_proposal, newest.id) d
        JOIN policy_clause c ON c.version_id = each.id AND c.number = d.clause
        WHERE policy_effect(d.clause, d.name, c.parameters -> d.name, d.becomes) = 'tightens');
      CONTINUE WHEN NOT is_moved;
      written := written + 1;
      first_at := coalesce(first_at, greatest(each.effective_at, moment));
      INSERT INTO policy_policyversion (number, effective_at, summary, kind, adopted_at, proposal_id, carries_id)
      VALUES (newest.number + written, greatest(each.effective_at, moment), asked.reason, of_kind, moment, of_proposal,
        CASE WHEN each.is_waiting THEN each.id END) RETURNING id INTO made;
      INSERT INTO policy_clause (version_id, number, title, text, parameters)
      SELECT made, c.number, c.title, c.text, c.parameters || coalesce((
        SELECT jsonb_object_agg(d.name, d.becomes) FROM policy_differences(of_proposal, newest.id) d
        WHERE d.clause = c.number
          AND policy_effect(d.clause, d.name, c.parameters -> d.name, d.becomes) = 'tightens'), '{}')
      FROM policy_clause c WHERE c.version_id = each.id;
    END LOOP;
  END IF;
  UPDATE policy_policyproposal
  SET state = 'adopted', second_id = second_person, decided_at = moment, kind = of_kind, effective_at = first_at
  WHERE id = of_proposal;
  RETURN written;
END $$;

REVOKE ALL ON FUNCTION policy_effect(text, text, jsonb, jsonb), policy_differences(bigint, bigint),
  policy_is_fit(bigint, bigint), policy_is_tested(bigint), policy_adopt(bigint, bigint, timestamptz) FROM PUBLIC;
