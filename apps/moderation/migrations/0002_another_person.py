"""What the database itself refuses about decisions: about oneself, on one's own decision again, beside the point."""

from django.db import migrations

# A trigger and not a constraint, since it reads other tables. The application cannot change a decision once it is
# written, and the rows that this reads (authors, appeals, who decided) never change either.
CHECK_DECIDER = """
CREATE FUNCTION moderation_check_decider() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  concerned bigint;
  first_decider bigint;
BEGIN
  IF NEW.supersedes_id IS NOT NULL AND NOT EXISTS (
    SELECT FROM moderation_decision earlier WHERE earlier.id = NEW.supersedes_id
      AND earlier.prompt_id IS NOT DISTINCT FROM NEW.prompt_id
      AND earlier.finding_id IS NOT DISTINCT FROM NEW.finding_id
  ) THEN
    RAISE EXCEPTION 'a decision supersedes one on the same thing'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'moderation_supersedes_the_same_thing';
  END IF;
  IF NEW.action IN ('uphold', 'overturn') THEN
    SELECT appealed.decided_by_id INTO first_decider
      FROM moderation_case c
      JOIN moderation_appeal a ON a.id = c.appeal_id
      JOIN moderation_decision appealed ON appealed.id = a.decision_id
      WHERE c.id = NEW.case_id AND a.decision_id = NEW.supersedes_id;
    IF NOT FOUND THEN
      RAISE EXCEPTION 'only an appeal upholds or overturns, and only the decision that it is about'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'moderation_appeals_are_decided_on_appeal';
    END IF;
    IF first_decider = NEW.decided_by_id THEN
      RAISE EXCEPTION 'an appeal is decided by somebody else'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'moderation_somebody_else_looks_again';
    END IF;
  END IF;
  SELECT c.account_id INTO concerned FROM contributors_contributor c WHERE c.id = coalesce(
    (SELECT p.author_id FROM prompts_prompt p WHERE p.id = NEW.prompt_id),
    (SELECT f.contributor_id FROM integrity_finding f WHERE f.id = NEW.finding_id));
  IF concerned = NEW.decided_by_id THEN
    RAISE EXCEPTION 'nobody decides about themselves'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'moderation_nobody_decides_about_themselves';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER moderation_decision_by_another BEFORE INSERT ON moderation_decision
  FOR EACH ROW EXECUTE FUNCTION moderation_check_decider();
ALTER TABLE moderation_decision ENABLE ALWAYS TRIGGER moderation_decision_by_another;
"""
LET_ANYBODY_DECIDE = """
DROP TRIGGER moderation_decision_by_another ON moderation_decision;
DROP FUNCTION moderation_check_decider();
"""


class Migration(migrations.Migration):
    dependencies = [("moderation", "0001_initial")]

    operations = [migrations.RunSQL(CHECK_DECIDER, LET_ANYBODY_DECIDE)]
