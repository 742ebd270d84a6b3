-- What copies tell of a person is written once, for good: nobody changes it or takes it away, the owner's own session
-- included. Two copies that told of somebody in different words would add up to more than either of them says.
CREATE TRIGGER wall_refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON licensing_releasefit
  FOR EACH STATEMENT EXECUTE FUNCTION wall_refuse_change();
CREATE TRIGGER wall_refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON licensing_persongeneralization
  FOR EACH STATEMENT EXECUTE FUNCTION wall_refuse_change();
CREATE TRIGGER wall_refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON licensing_leftout
  FOR EACH STATEMENT EXECUTE FUNCTION wall_refuse_change();
-- So does each revision of an edition: the approvals bind the first.
CREATE TRIGGER wall_refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON licensing_editionrevision
  FOR EACH STATEMENT EXECUTE FUNCTION wall_refuse_change();
ALTER TABLE licensing_releasefit ENABLE ALWAYS TRIGGER wall_refuse_change;
ALTER TABLE licensing_persongeneralization ENABLE ALWAYS TRIGGER wall_refuse_change;
ALTER TABLE licensing_leftout ENABLE ALWAYS TRIGGER wall_refuse_change;
ALTER TABLE licensing_editionrevision ENABLE ALWAYS TRIGGER wall_refuse_change;
