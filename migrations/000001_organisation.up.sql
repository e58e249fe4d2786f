-- Organisations and who may act for them, and the rule that every table of organisation data obeys.
--
-- Text columns are NOT NULL with '' for "not known", so that a comparison is one operator and never three-valued.
-- Closed sets are text with a CHECK: the equality of an enum is not leakproof, so under row security it would lose its
-- index.

-- hub_protect puts a table under row security. The application role sees the rows of the organisation named by the
-- setting hub.organisation and no others; without the setting it sees nothing. The owner has a policy of its own, since
-- FORCE would otherwise stop migrations and the functions that run as the owner.
CREATE FUNCTION hub_protect(p_table regclass, p_column name DEFAULT 'organisation_id') RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', p_table);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', p_table);
    EXECUTE format('CREATE POLICY owner ON %s TO CURRENT_USER USING (true) WITH CHECK (true)', p_table);
    EXECUTE format(
        'CREATE POLICY organisation ON %1$s TO hub_app'
        ' USING (%2$I = (SELECT NULLIF(current_setting(''hub.organisation'', true), '''')::uuid))'
        ' WITH CHECK (%2$I = (SELECT NULLIF(current_setting(''hub.organisation'', true), '''')::uuid))',
        p_table, p_column);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO hub_app', p_table);
    IF p_column = 'organisation_id' THEN
        -- A row belongs to the organisation of its transaction, so no statement has to say it and none can say another.
        EXECUTE format(
            'ALTER TABLE %s ALTER COLUMN organisation_id'
            ' SET DEFAULT NULLIF(current_setting(''hub.organisation'', true), '''')::uuid', p_table);
    END IF;
END
$$;
REVOKE ALL ON FUNCTION hub_protect(regclass, name) FROM PUBLIC;

GRANT USAGE ON SCHEMA public TO hub_app;

CREATE TABLE organisation (
    id         uuid PRIMARY KEY,
    name       text NOT NULL CONSTRAINT organisation_name CHECK (name <> ''),
    created_at timestamptz NOT NULL DEFAULT now()
);
SELECT hub_protect('organisation', 'id');

-- A key may reach several organisations; which ones stands in api_key_organisation.
CREATE TABLE api_key (
    id           uuid PRIMARY KEY,
    name         text NOT NULL CONSTRAINT api_key_name CHECK (name <> ''),
    -- The first characters of the key, so that a person recognises it; the key itself is never stored.
    prefix       text NOT NULL,
    hash         bytea NOT NULL CONSTRAINT api_key_hash UNIQUE,
    scopes       text[] NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz,
    revoked_at   timestamptz,
    last_used_at timestamptz
);

CREATE TABLE api_key_organisation (
    organisation_id uuid NOT NULL REFERENCES organisation (id) ON DELETE CASCADE,
    key_id          uuid NOT NULL REFERENCES api_key (id) ON DELETE CASCADE,
    PRIMARY KEY (organisation_id, key_id)
);
CREATE INDEX api_key_organisation_key ON api_key_organisation (key_id);
SELECT hub_protect('api_key_organisation');

-- A key is visible to the organisations it reaches.
ALTER TABLE api_key ENABLE ROW LEVEL SECURITY;
ALTER TABLE api_key FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON api_key TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY organisation_read ON api_key FOR SELECT TO hub_app
    USING (EXISTS (SELECT FROM api_key_organisation r WHERE r.key_id = api_key.id));
CREATE POLICY organisation_update ON api_key FOR UPDATE TO hub_app
    USING (EXISTS (SELECT FROM api_key_organisation r WHERE r.key_id = api_key.id));
CREATE POLICY organisation_insert ON api_key FOR INSERT TO hub_app WITH CHECK (true);
GRANT SELECT, INSERT ON api_key TO hub_app;
GRANT UPDATE (revoked_at) ON api_key TO hub_app;

-- hub_authenticate finds a key by the hash of its secret, before an organisation is known. It gives one row per
-- organisation that the key reaches, and notes the use at most every five minutes.
CREATE FUNCTION hub_authenticate(p_hash bytea)
RETURNS TABLE (key_id uuid, key_name text, scopes text[], expired boolean, revoked boolean,
               organisation_id uuid, organisation_name text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE api_key k SET last_used_at = now()
    WHERE k.hash = p_hash AND (k.last_used_at IS NULL OR k.last_used_at < now() - interval '5 minutes');
    RETURN QUERY
    SELECT k.id, k.name, k.scopes, coalesce(k.expires_at <= now(), false), k.revoked_at IS NOT NULL, o.id, o.name
    FROM api_key k
    LEFT JOIN api_key_organisation r ON r.key_id = k.id
    LEFT JOIN organisation o ON o.id = r.organisation_id
    WHERE k.hash = p_hash
    ORDER BY o.name, o.id;
END
$$;
REVOKE ALL ON FUNCTION hub_authenticate(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hub_authenticate(bytea) TO hub_app;

-- hub_organisations lists all organisations for the operator's commands. It tells names and nothing else.
CREATE FUNCTION hub_organisations() RETURNS SETOF organisation
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT * FROM organisation ORDER BY name, id
$$;
REVOKE ALL ON FUNCTION hub_organisations() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hub_organisations() TO hub_app;
