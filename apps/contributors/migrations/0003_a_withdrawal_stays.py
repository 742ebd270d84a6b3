"""A consent that was taken back stays so: whoever agrees again makes a new row with its own time."""

from django.db import migrations

_TRIGGER = """
CREATE FUNCTION consent_stays_withdrawn() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RAISE EXCEPTION 'consent % was withdrawn and is not taken up again', OLD.id USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER consent_stays_withdrawn BEFORE UPDATE OF withdrawn_at ON contributors_consent FOR EACH ROW
  WHEN (OLD.withdrawn_at IS NOT NULL AND NEW.withdrawn_at IS DISTINCT FROM OLD.withdrawn_at)
  EXECUTE FUNCTION consent_stays_withdrawn();
ALTER TABLE contributors_consent ENABLE ALWAYS TRIGGER consent_stays_withdrawn;
"""
_UNDO = """
DROP TRIGGER consent_stays_withdrawn ON contributors_consent;
DROP FUNCTION consent_stays_withdrawn();
"""


class Migration(migrations.Migration):
    dependencies = [("contributors", "0002_first_words")]

    operations = [migrations.RunSQL(_TRIGGER, _UNDO)]
