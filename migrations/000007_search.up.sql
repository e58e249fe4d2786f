-- Searching customers by words. LIKE is not leakproof, so under row security it would lose its index; the search
-- therefore runs as the owner, pins the organisation by itself, and gives ids only. The caller joins them under its own
-- row security, so it cannot see more than it may.
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS btree_gin;

CREATE INDEX customer_search ON customer USING gin (organisation_id, search_text gin_trgm_ops) WITH (fastupdate = off);

-- hub_search_customers gives the customers whose search text contains every one of the patterns, which are LIKE patterns
-- over folded text.
CREATE FUNCTION hub_search_customers(p_patterns text[]) RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    -- One condition per pattern, since LIKE ALL (array) cannot use the index.
    query text := 'SELECT id FROM customer WHERE organisation_id = $1';
BEGIN
    FOR i IN 1..coalesce(cardinality(p_patterns), 0) LOOP
        query := query || format(' AND search_text LIKE $2[%s]', i);
    END LOOP;
    RETURN QUERY EXECUTE query USING NULLIF(current_setting('hub.organisation', true), '')::uuid, p_patterns;
END
$$;
REVOKE ALL ON FUNCTION hub_search_customers(text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hub_search_customers(text[]) TO hub_app;
