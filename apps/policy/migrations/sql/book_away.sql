DROP FUNCTION policy_adopt(bigint, bigint, timestamptz), policy_is_tested(bigint), policy_is_fit(bigint, bigint),
  policy_differences(bigint, bigint), policy_effect(text, text, jsonb, jsonb);
DROP TRIGGER policy_on_proposal ON policy_policyproposal;
DROP TRIGGER policy_on_proposed_clause ON policy_clauseproposal;
DROP TRIGGER policy_refuse_truncate ON policy_clause;
DROP TRIGGER policy_refuse_change ON policy_clause;
DROP TRIGGER policy_refuse_truncate ON policy_policyversion;
DROP TRIGGER policy_refuse_change ON policy_policyversion;
ALTER TABLE policy_clause DROP CONSTRAINT policy_sixty_days, DROP CONSTRAINT policy_two_approvals,
  DROP CONSTRAINT policy_thirty_days;
DROP FUNCTION policy_on_proposal(), policy_on_proposed_clause(), policy_refuse_change(), policy_number(jsonb);
