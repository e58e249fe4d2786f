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

-- The functions that run as the owner find things in schema public, so nobody else may put things there. Postgres 15 gives
-- nobody that right, but a database that was upgraded from an older server still does. There the schema may belong to
-- another role than ours, and only that one can take the right away.
DO $$
BEGIN
    IF NOT has_schema_privilege('public', 'public', 'CREATE') THEN
        RETURN;
    END IF;
    IF pg_has_role((SELECT nspowner FROM pg_namespace WHERE nspname = 'public'), 'USAGE') THEN
        REVOKE CREATE ON SCHEMA public FROM PUBLIC;
    ELSE
        RAISE WARNING 'every login may create things in schema public; let its owner run: REVOKE CREATE ON SCHEMA public FROM PUBLIC';
    END IF;
END
$$;

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
    prefix       text NOT NULL CONSTRAINT api_key_prefix CHECK (prefix <> ''),
    hash         bytea NOT NULL CONSTRAINT api_key_hash UNIQUE CONSTRAINT api_key_hash_length CHECK (length(hash) = 32),
    scopes       text[] NOT NULL CONSTRAINT api_key_scopes CHECK (cardinality(scopes) > 0 AND array_position(scopes, NULL) IS NULL),
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
-- What a key reaches is settled when it is made. Could the application write here, it would reach any key whose id it
-- knows, by adding it to its own organisation.
REVOKE INSERT, UPDATE, DELETE ON api_key_organisation FROM hub_app;

-- A key is visible to the organisations it reaches, its hash to nobody. They may revoke it, and not take that back.
ALTER TABLE api_key ENABLE ROW LEVEL SECURITY;
ALTER TABLE api_key FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON api_key TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY organisation_read ON api_key FOR SELECT TO hub_app
    USING (EXISTS (SELECT FROM api_key_organisation r WHERE r.key_id = api_key.id));
CREATE POLICY organisation_update ON api_key FOR UPDATE TO hub_app
    USING (EXISTS (SELECT FROM api_key_organisation r WHERE r.key_id = api_key.id))
    WITH CHECK (revoked_at IS NOT NULL);
GRANT SELECT (id, name, prefix, scopes, created_at, expires_at, revoked_at, last_used_at) ON api_key TO hub_app;
GRANT UPDATE (revoked_at) ON api_key TO hub_app;

-- hub_create_key makes a key together with all that it reaches. In a transaction of an organisation it makes keys of that
-- organisation alone; outside any, as the operator's commands are, of any that exist. NULL for p_expires_in is for ever.
CREATE FUNCTION hub_create_key(p_id uuid, p_name text, p_prefix text, p_hash bytea, p_scopes text[], p_expires_in interval,
                               p_organisations uuid[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    v_current uuid := NULLIF(current_setting('hub.organisation', true), '')::uuid;
    v_reached uuid[] := ARRAY(SELECT DISTINCT unnest(p_organisations));
BEGIN
    IF v_current IS NOT NULL AND v_reached <> ARRAY[v_current] THEN
        RAISE EXCEPTION 'a key of another organisation' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF cardinality(v_reached) = 0 OR p_expires_in <= interval '0' THEN
        RAISE EXCEPTION 'a key that opens nothing' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    INSERT INTO api_key (id, name, prefix, hash, scopes, expires_at)
    VALUES (p_id, p_name, p_prefix, p_hash, p_scopes, now() + p_expires_in);
    INSERT INTO api_key_organisation (organisation_id, key_id)
    SELECT o.id, p_id
    FROM organisation o
    WHERE o.id = ANY (v_reached);
    IF (SELECT count(*) FROM api_key_organisation r WHERE r.key_id = p_id) <> cardinality(v_reached) THEN
        RAISE EXCEPTION 'no such organisation' USING ERRCODE = 'no_data_found';
    END IF;
END
$$;
REVOKE ALL ON FUNCTION hub_create_key(uuid, text, text, bytea, text[], interval, uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hub_create_key(uuid, text, text, bytea, text[], interval, uuid[]) TO hub_app;

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
