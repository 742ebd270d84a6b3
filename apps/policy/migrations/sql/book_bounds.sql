-- What no version of the rulebook says, whoever adopts it: apps/policy/domain/directions.py has the same ends, and the
-- service says why. The service and the function that adopts are asked before; these are asked last.
ALTER TABLE policy_clause
  DROP CONSTRAINT policy_two_approvals,
  ADD CONSTRAINT policy_two_to_five_approvals CHECK (
    number <> 'W4' OR coalesce(policy_number(parameters -> 'approvals') BETWEEN 2 AND 5, false)),
  ADD CONSTRAINT policy_half_a_year CHECK (
    number <> 'W5' OR coalesce(policy_number(parameters -> 'hold_back_days') >= 180, false)),
  ADD CONSTRAINT policy_three_days CHECK (
    number <> 'W6' OR coalesce(policy_number(parameters -> 'hours') >= 72, false)),
  ADD CONSTRAINT policy_five_days CHECK (
    number <> 'W6' OR coalesce(policy_number(parameters -> 'objection_days') BETWEEN 1 AND 5, true));
