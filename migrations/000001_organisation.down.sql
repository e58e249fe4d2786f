-- The group role hub_app stays: roles belong to the whole server, and another database may use it. Nor may everybody create
-- things in schema public again.
DROP FUNCTION hub_organisations();
DROP FUNCTION hub_authenticate(bytea);
DROP FUNCTION hub_create_key(uuid, text, text, bytea, text[], interval, uuid[]);
DROP POLICY organisation_read ON api_key;
DROP POLICY organisation_update ON api_key;
DROP TABLE api_key_organisation;
DROP TABLE api_key;
DROP TABLE organisation;
DROP FUNCTION hub_protect(regclass, name);
REVOKE USAGE ON SCHEMA public FROM hub_app;
