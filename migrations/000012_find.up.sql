-- Finding customers: by what the due-diligence service says, by when they changed, by custom fields, and by words that are
-- spelt a little differently.

-- What the service says now, beside the customer: lists are filtered and ordered by it. kyc_status stays the truth.
ALTER TABLE customer
    ADD COLUMN kyc_risk_class       text NOT NULL DEFAULT 'UNKNOWN',
    ADD COLUMN kyc_requires_actions boolean,
    -- infinity while the last day is not known, so that those customers come last.
    ADD COLUMN kyc_expires_on       date NOT NULL DEFAULT 'infinity';

UPDATE customer c
SET kyc_risk_class = k.risk_class, kyc_requires_actions = k.requires_actions,
    kyc_expires_on = coalesce(k.due_diligence_expires_on, 'infinity')
FROM (SELECT DISTINCT ON (organisation_id, customer_id) * FROM kyc_status ORDER BY organisation_id, customer_id, as_of DESC, id DESC) k
WHERE k.organisation_id = c.organisation_id AND k.customer_id = c.id;

CREATE INDEX customer_by_kyc_expiry ON customer (organisation_id, kyc_expires_on, id);
-- Every write changes it; whoever keeps a copy asks by it.
CREATE INDEX customer_by_update ON customer (organisation_id, updated_at, id);
CREATE INDEX customer_by_custom_field ON customer USING gin (organisation_id, custom_fields jsonb_path_ops) WITH (fastupdate = off)
    WHERE custom_fields <> '{}';

-- The words of customers' names, each once for an organisation. A word that no customer has is compared with these, which are
-- few, and not with all customers. Words of customers that are gone stay; they find nobody.
CREATE EXTENSION IF NOT EXISTS fuzzystrmatch;

CREATE TABLE search_word (
    organisation_id uuid NOT NULL REFERENCES organisation (id) ON DELETE CASCADE,
    word            text NOT NULL,
    PRIMARY KEY (organisation_id, word)
);
CREATE INDEX search_word_alike ON search_word USING gin (organisation_id, word gin_trgm_ops) WITH (fastupdate = off);
SELECT hub_protect('search_word');

CREATE FUNCTION hub_note_search_words() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    -- In their order, so that two writers of the same new words do not wait for each other.
    INSERT INTO search_word (organisation_id, word)
    SELECT DISTINCT n.organisation_id, w.word
    FROM changed n
    CROSS JOIN LATERAL string_to_table(n.search_text, ' ') AS w (word)
    WHERE length(w.word) BETWEEN 4 AND 60 AND w.word !~ '[0-9]'
    ORDER BY n.organisation_id, w.word
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION hub_note_search_words() FROM PUBLIC;
CREATE TRIGGER search_words_of_new AFTER INSERT ON customer
REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION hub_note_search_words();

CREATE FUNCTION hub_note_changed_search_words() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO search_word (organisation_id, word)
    SELECT DISTINCT n.organisation_id, w.word
    FROM changed n
    JOIN former f ON f.organisation_id = n.organisation_id AND f.id = n.id AND f.search_text <> n.search_text
    CROSS JOIN LATERAL string_to_table(n.search_text, ' ') AS w (word)
    WHERE length(w.word) BETWEEN 4 AND 60 AND w.word !~ '[0-9]'
    ORDER BY n.organisation_id, w.word
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION hub_note_changed_search_words() FROM PUBLIC;
CREATE TRIGGER search_words_of_changed AFTER UPDATE ON customer
REFERENCING NEW TABLE AS changed OLD TABLE AS former FOR EACH STATEMENT EXECUTE FUNCTION hub_note_changed_search_words();

INSERT INTO search_word (organisation_id, word)
SELECT DISTINCT c.organisation_id, w.word
FROM customer c
CROSS JOIN LATERAL string_to_table(c.search_text, ' ') AS w (word)
WHERE length(w.word) BETWEEN 4 AND 60 AND w.word !~ '[0-9]';

-- hub_closest_words gives the words of an organisation that are closest to one that it does not have: at most two letters
-- apart, one for a short word, and the beginning of a word counts as the word. Words of three letters are close to too many.
CREATE FUNCTION hub_closest_words(p_organisation uuid, p_word text) RETURNS text[]
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
DECLARE
    apart int := CASE WHEN length(p_word) < 5 THEN 1 ELSE 2 END;
    words text[];
BEGIN
    IF length(p_word) < 4 OR length(p_word) > 60 THEN
        RETURN '{}';
    END IF;
    PERFORM set_config('pg_trgm.similarity_threshold', '0.25', true);
    EXECUTE format($q$
        WITH alike AS MATERIALIZED (
            SELECT w.word,
                least(levenshtein_less_equal(w.word, %2$L, %3$s), levenshtein_less_equal(left(w.word, %4$s), %2$L, %3$s)) AS apart
            FROM search_word w
            WHERE w.organisation_id = %1$L AND (w.word %% %2$L OR w.word LIKE %5$L) AND length(w.word) >= %4$s - %3$s
        )
        SELECT array_agg(word)
        FROM (
            SELECT a.word
            FROM alike a
            WHERE a.apart = (SELECT min(apart) FROM alike) AND a.apart <= %3$s
            ORDER BY abs(length(a.word) - %4$s), similarity(a.word, %2$L) DESC, a.word
            LIMIT 10
        ) closest$q$, p_organisation, p_word, apart, length(p_word), left(p_word, 2) || '%') INTO words;
    RETURN coalesce(words, '{}');
END
$$;
REVOKE ALL ON FUNCTION hub_closest_words(uuid, text) FROM PUBLIC;

-- hub_customer_condition writes the condition of a filter on the table customer as c, for the two functions below. Every value
-- in it is a literal that format has quoted.
CREATE FUNCTION hub_customer_condition(p_organisation uuid, p jsonb) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
DECLARE
    q      text := format('c.organisation_id = %L', p_organisation);
    kyc    text[] := '{}';
    sought text;
    many   text[];
BEGIN
    FOR sought IN SELECT jsonb_array_elements_text(p -> 'words') LOOP
        many := ARRAY[sought];
        IF length(sought) >= 4 AND sought !~ '[0-9]' AND NOT EXISTS (
            SELECT FROM search_word w WHERE w.organisation_id = p_organisation AND w.word LIKE '%' || sought || '%')
        THEN
            many := hub_closest_words(p_organisation, sought);
        END IF;
        IF cardinality(many) = 0 THEN
            RETURN 'false';
        END IF;
        q := q || ' AND (' || (SELECT string_agg(format('c.search_text LIKE %L', '%' || m || '%'), ' OR ') FROM unnest(many) AS m) || ')';
    END LOOP;
    IF p ? 'kind' THEN
        q := q || format(' AND c.kind = %L', p ->> 'kind');
    END IF;
    IF p ? 'status' THEN
        q := q || format(' AND c.status = %L', p ->> 'status');
    END IF;
    IF p ? 'ids' THEN
        q := q || format(' AND c.id = ANY (%L::uuid[])', ARRAY(SELECT jsonb_array_elements_text(p -> 'ids')));
    END IF;
    IF p ? 'updatedSince' THEN
        q := q || format(' AND c.updated_at >= %L', p ->> 'updatedSince');
    END IF;
    IF p ? 'custom' THEN
        q := q || format(' AND c.custom_fields <> ''{}'' AND c.custom_fields @> %L', p -> 'custom');
    END IF;
    IF p ? 'system' OR p ? 'states' THEN
        q := q || ' AND EXISTS (SELECT FROM link l WHERE l.organisation_id = c.organisation_id AND l.customer_id = c.id'
            || CASE WHEN p ? 'system' THEN format(' AND l.system_id = %L', p ->> 'system') ELSE '' END
            || CASE WHEN p ? 'states' THEN format(' AND l.state = ANY (%L)', ARRAY(SELECT jsonb_array_elements_text(p -> 'states'))) ELSE '' END
            || ')';
    END IF;
    IF p ? 'riskClass' THEN
        kyc := kyc || format('c.kyc_risk_class = ANY (%L)', ARRAY(SELECT jsonb_array_elements_text(p -> 'riskClass')));
    END IF;
    IF p ? 'requiresActions' THEN
        kyc := kyc || format('c.kyc_requires_actions = %L', p ->> 'requiresActions');
    END IF;
    IF p ? 'expiresBefore' THEN
        kyc := kyc || format('c.kyc_expires_on < %L', p ->> 'expiresBefore');
    END IF;
    IF cardinality(kyc) > 0 THEN
        q := q || ' AND (' || array_to_string(kyc, CASE WHEN (p ->> 'anyOf')::boolean THEN ' OR ' ELSE ' AND ' END) || ')';
    END IF;
    RETURN q;
END
$$;
REVOKE ALL ON FUNCTION hub_customer_condition(uuid, jsonb) FROM PUBLIC;

DROP FUNCTION hub_search_customers(text[]);

-- hub_find_customers gives the ids of the customers that fit a filter, in the order that is asked for, from one place to
-- another. It runs as the owner, since operators that are not leakproof lose their index under row security; it pins the
-- organisation by itself and gives ids only, which the caller joins under its own row security.
--
-- Words have an index, which knows nothing of the order, and the order has one, which knows nothing of words. Words that few
-- customers have are looked up and put in order. Words that many have are mostly everywhere, so a short walk along the order
-- finds a page of them; when it does not, as for the beginning of a name that stands at the end, they are looked up too. It
-- writes nothing, and is volatile only because it asks the planner how many there are.
CREATE FUNCTION hub_find_customers(p jsonb) RETURNS SETOF uuid
LANGUAGE plpgsql VOLATILE SECURITY DEFINER ROWS 50 SET search_path = public, pg_temp AS $$
DECLARE
    many    constant int := 3000;
    organisation uuid := NULLIF(current_setting('hub.organisation', true), '')::uuid;
    col     text := CASE p ->> 'sort' WHEN 'number' THEN 'c.number' WHEN 'updated' THEN 'c.updated_at' WHEN 'kycExpires' THEN 'c.kyc_expires_on' ELSE 'c.name_sort' END;
    lit     text := CASE p ->> 'sort' WHEN 'number' THEN '%L::text' WHEN 'updated' THEN 'timestamptz ''epoch'' + %L::bigint * interval ''1 microsecond''' WHEN 'kycExpires' THEN '%L::date' ELSE 'decode(%L, ''hex'')' END;
    up      boolean := coalesce((p ->> 'up')::boolean, true);
    way     text := CASE WHEN up THEN 'ASC' ELSE 'DESC' END;
    limited text := CASE WHEN p ? 'limit' THEN format(' LIMIT %s', (p ->> 'limit')::int) ELSE '' END;
    bounds  text := '';
    cond    text;
    plan    json;
    found   uuid[];
BEGIN
    IF organisation IS NULL THEN
        RETURN;
    END IF;
    cond := hub_customer_condition(organisation, p);
    IF p ? 'fromID' THEN
        bounds := bounds || format(' AND (%s, c.id) %s (' || lit || ', %L::uuid)', col, CASE WHEN up THEN '>' ELSE '<' END, p ->> 'fromKey', p ->> 'fromID');
    END IF;
    IF p ? 'toID' THEN
        bounds := bounds || format(' AND (%s, c.id) %s (' || lit || ', %L::uuid)', col, CASE WHEN up THEN '<' ELSE '>' END, p ->> 'toKey', p ->> 'toID');
    END IF;
    IF NOT EXISTS (SELECT FROM jsonb_array_elements_text(p -> 'words') AS w (word) WHERE length(w.word) >= 3) THEN
        RETURN QUERY EXECUTE format('SELECT c.id FROM customer c WHERE %s%s ORDER BY %s %s, c.id %4$s%s', cond, bounds, col, way, limited);
        RETURN;
    END IF;
    IF p ? 'limit' THEN
        EXECUTE 'EXPLAIN (FORMAT JSON) SELECT FROM customer c WHERE ' || cond INTO plan;
        IF (plan -> 0 -> 'Plan' ->> 'Plan Rows')::float8 > many THEN
            EXECUTE format(
                'SELECT array_agg(hit.id ORDER BY hit.nth) FROM ('
                'SELECT w.id, w.nth FROM (SELECT c.id, row_number() OVER (ORDER BY %1$s %2$s, c.id %2$s) AS nth, %3$s AS fits FROM customer c'
                ' WHERE c.organisation_id = %4$L%5$s ORDER BY %1$s %2$s, c.id %2$s LIMIT %6$s) w WHERE w.fits ORDER BY w.nth%7$s) hit',
                col, way, cond, organisation, bounds, many, limited) INTO found;
            IF cardinality(found) = (p ->> 'limit')::int THEN
                RETURN QUERY SELECT unnest(found);
                RETURN;
            END IF;
        END IF;
    END IF;
    RETURN QUERY EXECUTE format('WITH h AS MATERIALIZED (SELECT c.id, %s AS k FROM customer c WHERE %s%s) SELECT h.id FROM h ORDER BY h.k %s, h.id %4$s%s',
        col, cond, bounds, way, limited);
END
$$;
REVOKE ALL ON FUNCTION hub_find_customers(jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hub_find_customers(jsonb) TO hub_app;

-- hub_count_customers counts the customers that fit a filter.
CREATE FUNCTION hub_count_customers(p jsonb) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    organisation uuid := NULLIF(current_setting('hub.organisation', true), '')::uuid;
    n bigint := 0;
BEGIN
    IF organisation IS NOT NULL THEN
        EXECUTE 'SELECT count(*) FROM customer c WHERE ' || hub_customer_condition(organisation, p) INTO n;
    END IF;
    RETURN n;
END
$$;
REVOKE ALL ON FUNCTION hub_count_customers(jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hub_count_customers(jsonb) TO hub_app;
