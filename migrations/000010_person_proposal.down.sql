CREATE OR REPLACE FUNCTION hub_analyze_customers() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    ANALYZE customer, customer_address, office, person, contact, link, link_base, link_part, provenance, run_item;
END
$$;
DROP TABLE person_proposal;
DROP TRIGGER person_keys_of_changed ON person;
DROP TRIGGER person_keys_of_new ON person;
DROP FUNCTION hub_note_person_keys();
DROP TABLE person_key;
