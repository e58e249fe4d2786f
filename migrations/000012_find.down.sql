CREATE OR REPLACE FUNCTION hub_analyze_customers() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    ANALYZE customer, customer_address, office, person, person_key, contact, link, link_base, link_part, provenance, run_item;
END
$$;
DROP FUNCTION hub_count_customers(jsonb);
DROP FUNCTION hub_find_customers(jsonb);
DROP FUNCTION hub_customer_condition(uuid, jsonb);
DROP FUNCTION hub_find_by_word(uuid, text, text, text, bytea, uuid, bytea, uuid, int);
DROP FUNCTION hub_closest_words(uuid, text);
DROP TRIGGER words_of_gone ON customer;
DROP TRIGGER words_of_changed ON customer;
DROP TRIGGER words_of_new ON customer;
DROP FUNCTION hub_drop_words();
DROP FUNCTION hub_note_changed_words();
DROP FUNCTION hub_note_words();
DROP TABLE customer_word;
DROP TABLE search_word;
DROP EXTENSION fuzzystrmatch;
DROP INDEX customer_by_custom_field;
DROP INDEX customer_by_update;
DROP INDEX customer_by_kyc_state;
DROP INDEX customer_by_kyc_expiry;
ALTER TABLE customer
    DROP COLUMN kyc_expires_on,
    DROP COLUMN kyc_requires_actions,
    DROP COLUMN kyc_risk_class,
    DROP COLUMN kyc_state;

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
