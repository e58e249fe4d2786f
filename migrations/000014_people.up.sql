-- Persons are listed by last name, and found by parts of their names, by e-mail and by telephone number.
ALTER TABLE person
    ADD COLUMN name_sort   bytea NOT NULL DEFAULT '',
    ADD COLUMN search_text text NOT NULL DEFAULT '';

-- The keys by Finnish rules are the hub's to make, which it does when a person is written next. Until then this comes close.
UPDATE person
SET name_sort = convert_to(lower(last_name || ' ' || first_name), 'UTF8'), search_text = lower(first_name || ' ' || last_name);

-- Somebody whom no customer has as a contact is about to be erased, and is not listed.
CREATE INDEX person_by_name ON person (organisation_id, name_sort, id) WHERE orphaned_at IS NULL;
CREATE INDEX person_search ON person USING gin (organisation_id, search_text gin_trgm_ops) WITH (fastupdate = off);
CREATE INDEX person_phone ON person USING gin (organisation_id, (phones || phones_e164)) WITH (fastupdate = off);

-- hub_person_condition writes the condition of a filter on the table person as h, for the two functions below. Every value in
-- it is a literal that format has quoted.
CREATE FUNCTION hub_person_condition(p_organisation uuid, p jsonb) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
DECLARE
    q      text := format('h.organisation_id = %L AND h.orphaned_at IS NULL', p_organisation);
    sought text;
BEGIN
    FOR sought IN SELECT jsonb_array_elements_text(p -> 'words') LOOP
        q := q || format(' AND h.search_text LIKE %L', '%' || sought || '%');
    END LOOP;
    IF p ? 'email' THEN
        q := q || format(' AND h.id IN (SELECT k.person_id FROM person_key k WHERE k.organisation_id = %L AND k.key = %L)',
            p_organisation, 'email:' || lower(p ->> 'email'));
    END IF;
    IF p ? 'phone' THEN
        q := q || format(' AND h.phones || h.phones_e164 @> ARRAY[%L]', p ->> 'phone');
    END IF;
    IF p ? 'customer' THEN
        q := q || format(' AND h.id IN (SELECT t.person_id FROM contact t WHERE t.organisation_id = %L AND t.customer_id = %L)',
            p_organisation, p ->> 'customer');
    END IF;
    RETURN q;
END
$$;
REVOKE ALL ON FUNCTION hub_person_condition(uuid, jsonb) FROM PUBLIC;

-- hub_find_people gives the ids of the persons that fit a filter, by last name, from one place to another. It runs as the
-- owner, since operators that are not leakproof lose their index under row security; it pins the organisation by itself and
-- gives ids only, which the caller joins under its own row security. What an index finds is put in order; anything else is
-- read along the order.
CREATE FUNCTION hub_find_people(p jsonb) RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 50 SET search_path = public, pg_temp AS $$
DECLARE
    organisation uuid := NULLIF(current_setting('hub.organisation', true), '')::uuid;
    up      boolean := coalesce((p ->> 'up')::boolean, true);
    way     text := CASE WHEN up THEN 'ASC' ELSE 'DESC' END;
    bounds  text := '';
    cond    text;
BEGIN
    IF organisation IS NULL THEN
        RETURN;
    END IF;
    cond := hub_person_condition(organisation, p);
    IF p ? 'fromID' THEN
        bounds := bounds || format(' AND (h.name_sort, h.id) %s (decode(%L, ''hex''), %L::uuid)', CASE WHEN up THEN '>' ELSE '<' END, p ->> 'fromKey', p ->> 'fromID');
    END IF;
    IF p ? 'toID' THEN
        bounds := bounds || format(' AND (h.name_sort, h.id) %s (decode(%L, ''hex''), %L::uuid)', CASE WHEN up THEN '<' ELSE '>' END, p ->> 'toKey', p ->> 'toID');
    END IF;
    RETURN QUERY EXECUTE format(
        CASE WHEN p ?| ARRAY['email', 'phone', 'customer'] OR EXISTS (SELECT FROM jsonb_array_elements_text(p -> 'words') AS w (word) WHERE length(w.word) >= 3)
            THEN 'WITH f AS MATERIALIZED (SELECT h.id, h.name_sort FROM person h WHERE %1$s%2$s) SELECT f.id FROM f ORDER BY f.name_sort %3$s, f.id %3$s LIMIT %4$s'
            ELSE 'SELECT h.id FROM person h WHERE %1$s%2$s ORDER BY h.name_sort %3$s, h.id %3$s LIMIT %4$s' END,
        cond, bounds, way, (p ->> 'limit')::int);
END
$$;
REVOKE ALL ON FUNCTION hub_find_people(jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hub_find_people(jsonb) TO hub_app;

-- hub_count_people counts the persons that fit a filter.
CREATE FUNCTION hub_count_people(p jsonb) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    organisation uuid := NULLIF(current_setting('hub.organisation', true), '')::uuid;
    n bigint := 0;
BEGIN
    IF organisation IS NOT NULL THEN
        EXECUTE 'SELECT count(*) FROM person h WHERE ' || hub_person_condition(organisation, p) INTO n;
    END IF;
    RETURN n;
END
$$;
REVOKE ALL ON FUNCTION hub_count_people(jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hub_count_people(jsonb) TO hub_app;
