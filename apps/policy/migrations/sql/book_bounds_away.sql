ALTER TABLE policy_clause
  DROP CONSTRAINT policy_two_to_five_approvals, DROP CONSTRAINT policy_half_a_year, DROP CONSTRAINT policy_three_days,
  DROP CONSTRAINT policy_five_days,
  ADD CONSTRAINT policy_two_approvals CHECK (
    number <> 'W4' OR coalesce(policy_number(parameters -> 'approvals') >= 2, false));
