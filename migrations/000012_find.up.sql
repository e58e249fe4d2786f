-- Finding customers: by what the due-diligence service says, by when they changed, by custom fields, and by words that are
-- spelt a little differently.

-- What the service says now, beside the customer: lists are filtered and ordered by it. kyc_status stays the truth.
ALTER TABLE customer
    ADD COLUMN kyc_state            text NOT NULL DEFAULT 'NOT_SENT',
    ADD COLUMN kyc_risk_class       text NOT NULL DEFAULT 'UNKNOWN',
    ADD COLUMN kyc_requires_actions boolean,
    -- infinity while the last day is not known, so that those customers come last.
    ADD COLUMN kyc_expires_on       date NOT NULL DEFAULT 'infinity';

UPDATE customer c
SET kyc_state = k.state, kyc_risk_class = k.risk_class, kyc_requires_actions = k.requires_actions,
    kyc_expires_on = coalesce(k.due_diligence_expires_on, 'infinity')
FROM (SELECT DISTINCT ON (organisation_id, customer_id) * FROM kyc_status ORDER BY organisation_id, customer_id, as_of DESC, id DESC) k
WHERE k.organisation_id = c.organisation_id AND k.customer_id = c.id;

CREATE INDEX customer_by_kyc_expiry ON customer (organisation_id, kyc_expires_on, id);
CREATE INDEX customer_by_kyc_state ON customer (organisation_id, kyc_state, name_sort, id) WHERE kyc_state <> 'NOT_SENT';
-- Every write changes it; whoever keeps a copy asks by it.
CREATE INDEX customer_by_update ON customer (organisation_id, updated_at, id);
CREATE INDEX customer_by_custom_field ON customer USING gin (organisation_id, custom_fields jsonb_path_ops) WITH (fastupdate = off)
    WHERE custom_fields <> '{}';

-- The words of customers' names. search_word has each word once for an organisation: a word that somebody searches for is
-- compared with these, which are few, and not with all customers. customer_word has the customers of each word, in the order
-- of their names: the first hits of a search stand at its beginning, however many customers have the word.
CREATE EXTENSION IF NOT EXISTS fuzzystrmatch;

CREATE TABLE search_word (
    organisation_id uuid NOT NULL REFERENCES organisation (id) ON DELETE CASCADE,
    word            text COLLATE "C" NOT NULL,
    -- No customer with the word stands before this in the order of names. Words of customers that are gone stay, and find nobody.
    first_sort      bytea NOT NULL,
    PRIMARY KEY (organisation_id, word)
);
CREATE INDEX search_word_alike ON search_word USING gin (organisation_id, word gin_trgm_ops) WITH (fastupdate = off);
SELECT hub_protect('search_word');

CREATE TABLE customer_word (
    organisation_id uuid NOT NULL,
    word            text COLLATE "C" NOT NULL,
    name_sort       bytea NOT NULL,
    customer_id     uuid NOT NULL,
    PRIMARY KEY (organisation_id, word, name_sort, customer_id)
);
SELECT hub_protect('customer_word');

-- Words are names: three letters or more, and no digits. Two writers of the same new words do not wait for each other in a
-- circle, since they write them in the same order.
CREATE FUNCTION hub_note_words() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO customer_word (organisation_id, word, name_sort, customer_id)
    SELECT n.organisation_id, w.word, n.name_sort, n.id
    FROM changed n
    JOIN LATERAL string_to_table(n.search_text, ' ') AS w (word) ON length(w.word) BETWEEN 3 AND 60 AND w.word !~ '[0-9]'
    ON CONFLICT DO NOTHING;
    INSERT INTO search_word AS s (organisation_id, word, first_sort)
    SELECT DISTINCT ON (n.organisation_id, w.word) n.organisation_id, w.word, n.name_sort
    FROM changed n
    JOIN LATERAL string_to_table(n.search_text, ' ') AS w (word) ON length(w.word) BETWEEN 3 AND 60 AND w.word !~ '[0-9]'
    ORDER BY n.organisation_id, w.word, n.name_sort
    ON CONFLICT (organisation_id, word) DO UPDATE SET first_sort = excluded.first_sort
    WHERE excluded.first_sort < s.first_sort;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION hub_note_words() FROM PUBLIC;
CREATE TRIGGER words_of_new AFTER INSERT ON customer
REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION hub_note_words();

CREATE FUNCTION hub_note_changed_words() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM changed n
        JOIN former f ON f.organisation_id = n.organisation_id AND f.id = n.id
        WHERE f.search_text <> n.search_text OR f.name_sort <> n.name_sort)
    THEN
        RETURN NULL; -- most updates do not touch a name
    END IF;
    DELETE FROM customer_word x
    USING former f
    JOIN changed n ON n.organisation_id = f.organisation_id AND n.id = f.id AND (f.search_text <> n.search_text OR f.name_sort <> n.name_sort)
    JOIN LATERAL string_to_table(f.search_text, ' ') AS w (word) ON length(w.word) BETWEEN 3 AND 60 AND w.word !~ '[0-9]'
    WHERE x.organisation_id = f.organisation_id AND x.word = w.word AND x.name_sort = f.name_sort AND x.customer_id = f.id;
    INSERT INTO customer_word (organisation_id, word, name_sort, customer_id)
    SELECT n.organisation_id, w.word, n.name_sort, n.id
    FROM changed n
    JOIN former f ON f.organisation_id = n.organisation_id AND f.id = n.id AND (f.search_text <> n.search_text OR f.name_sort <> n.name_sort)
    JOIN LATERAL string_to_table(n.search_text, ' ') AS w (word) ON length(w.word) BETWEEN 3 AND 60 AND w.word !~ '[0-9]'
    ON CONFLICT DO NOTHING;
    INSERT INTO search_word AS s (organisation_id, word, first_sort)
    SELECT DISTINCT ON (n.organisation_id, w.word) n.organisation_id, w.word, n.name_sort
    FROM changed n
    JOIN former f ON f.organisation_id = n.organisation_id AND f.id = n.id AND (f.search_text <> n.search_text OR f.name_sort <> n.name_sort)
    JOIN LATERAL string_to_table(n.search_text, ' ') AS w (word) ON length(w.word) BETWEEN 3 AND 60 AND w.word !~ '[0-9]'
    ORDER BY n.organisation_id, w.word, n.name_sort
    ON CONFLICT (organisation_id, word) DO UPDATE SET first_sort = excluded.first_sort
    WHERE excluded.first_sort < s.first_sort;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION hub_note_changed_words() FROM PUBLIC;
CREATE TRIGGER words_of_changed AFTER UPDATE ON customer
REFERENCING NEW TABLE AS changed OLD TABLE AS former FOR EACH STATEMENT EXECUTE FUNCTION hub_note_changed_words();

CREATE FUNCTION hub_drop_words() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    DELETE FROM customer_word x
    USING former f
    JOIN LATERAL string_to_table(f.search_text, ' ') AS w (word) ON length(w.word) BETWEEN 3 AND 60 AND w.word !~ '[0-9]'
    WHERE x.organisation_id = f.organisation_id AND x.word = w.word AND x.name_sort = f.name_sort AND x.customer_id = f.id;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION hub_drop_words() FROM PUBLIC;
CREATE TRIGGER words_of_gone AFTER DELETE ON customer
REFERENCING OLD TABLE AS former FOR EACH STATEMENT EXECUTE FUNCTION hub_drop_words();

INSERT INTO customer_word (organisation_id, word, name_sort, customer_id)
SELECT c.organisation_id, w.word, c.name_sort, c.id
FROM customer c
JOIN LATERAL string_to_table(c.search_text, ' ') AS w (word) ON length(w.word) BETWEEN 3 AND 60 AND w.word !~ '[0-9]';
INSERT INTO search_word (organisation_id, word, first_sort)
SELECT DISTINCT ON (organisation_id, word) organisation_id, word, name_sort
FROM customer_word
ORDER BY organisation_id, word, name_sort;

-- hub_closest_words gives the words of an organisation that are closest to one that it does not have: at most two letters
-- apart, one for a short word, and the beginning of a word counts as the word. Words of three letters are close to too many.
CREATE FUNCTION hub_closest_words(p_organisation uuid, p_word text) RETURNS text[]
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
DECLARE
    long   int := length(p_word);
    most   int := CASE WHEN length(p_word) < 5 THEN 1 ELSE 2 END;
    closest text[];
BEGIN
    IF long < 4 OR long > 60 THEN
        RETURN '{}';
    END IF;
    PERFORM set_config('pg_trgm.similarity_threshold', '0.34', true);
    -- Words that are alike, and those that begin with the same two letters.
    WITH alike AS MATERIALIZED (
        SELECT w.word FROM search_word w
        WHERE w.organisation_id = p_organisation AND w.word % p_word AND length(w.word) >= long - most
        UNION
        SELECT w.word FROM search_word w
        WHERE w.organisation_id = p_organisation AND w.word >= left(p_word, 2) AND w.word < left(p_word, 2) || U&'\FFFD'
          AND length(w.word) >= long - most
    ), measured AS MATERIALIZED (
        SELECT a.word, CASE WHEN length(a.word) <= long + most
            THEN least(levenshtein_less_equal(a.word, p_word, most), levenshtein_less_equal(left(a.word, long), p_word, most))
            ELSE levenshtein_less_equal(left(a.word, long), p_word, most) END AS apart
        FROM alike a
    )
    SELECT array_agg(best.word) INTO closest
    FROM (
        SELECT m.word FROM measured m
        WHERE m.apart <= most AND m.apart = (SELECT min(m.apart) FROM measured m)
        ORDER BY abs(length(m.word) - long), similarity(m.word, p_word) DESC, m.word
        LIMIT 10
    ) best;
    RETURN coalesce(closest, '{}');
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
    IF p ? 'kycState' THEN
        kyc := kyc || format('c.kyc_state = ANY (%L)', ARRAY(SELECT jsonb_array_elements_text(p -> 'kycState')));
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

-- hub_find_by_word gives the first customers, in the order of names and from one place to another, that have a word which
-- contains the one that is sought, or else one that is close to it. It takes words in the order in which their customers begin,
-- and stops at the first that begins behind the last hit it still needs; so a word that half of all customers have costs no
-- more than one that a few have.
CREATE FUNCTION hub_find_by_word(p_organisation uuid, p_word text, p_kind text, p_status text,
    p_from_key bytea, p_from_id uuid, p_to_key bytea, p_to_id uuid, p_limit int) RETURNS uuid[]
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
DECLARE
    words  text[];
    firsts bytea[];
    keys   bytea[] := '{}';
    ids    uuid[] := '{}';
    at     int := 1;
    step   int := 16;
BEGIN
    SELECT array_agg(s.word ORDER BY s.first_sort), array_agg(s.first_sort ORDER BY s.first_sort) INTO words, firsts
    FROM search_word s
    WHERE s.organisation_id = p_organisation AND s.word LIKE '%' || p_word || '%';
    IF words IS NULL THEN
        SELECT array_agg(s.word ORDER BY s.first_sort), array_agg(s.first_sort ORDER BY s.first_sort) INTO words, firsts
        FROM search_word s
        WHERE s.organisation_id = p_organisation AND s.word = ANY (hub_closest_words(p_organisation, p_word));
    END IF;
    WHILE at <= coalesce(cardinality(words), 0) LOOP
        IF cardinality(ids) = p_limit AND firsts[at] > keys[p_limit] THEN
            EXIT;
        END IF;
        SELECT coalesce(array_agg(best.k ORDER BY best.k, best.id), '{}'), coalesce(array_agg(best.id ORDER BY best.k, best.id), '{}') INTO keys, ids
        FROM (
            SELECT DISTINCT u.k, u.id
            FROM (
                SELECT x.name_sort AS k, x.customer_id AS id
                FROM unnest(words[at:at + step - 1]) AS w (word)
                CROSS JOIN LATERAL (
                    SELECT x.name_sort, x.customer_id
                    FROM customer_word x
                    WHERE x.organisation_id = p_organisation AND x.word = w.word
                      AND (x.name_sort, x.customer_id) > (p_from_key, p_from_id) AND (x.name_sort, x.customer_id) < (p_to_key, p_to_id)
                      AND (p_kind IS NULL AND p_status IS NULL OR EXISTS (
                        SELECT FROM customer c
                        WHERE c.organisation_id = p_organisation AND c.id = x.customer_id
                          AND (p_kind IS NULL OR c.kind = p_kind) AND (p_status IS NULL OR c.status = p_status)))
                    ORDER BY x.name_sort, x.customer_id
                    LIMIT p_limit
                ) x
                UNION ALL
                SELECT b.k, b.id FROM unnest(keys, ids) AS b (k, id)
            ) u
            ORDER BY u.k, u.id
            LIMIT p_limit
        ) best;
        at := at + step;
        step := least(step * 4, 1024);
    END LOOP;
    RETURN ids;
END
$$;
REVOKE ALL ON FUNCTION hub_find_by_word(uuid, text, text, text, bytea, uuid, bytea, uuid, int) FROM PUBLIC;

-- hub_find_customers gives the ids of the customers that fit a filter, in the order that is asked for, from one place to
-- another. It runs as the owner, since operators that are not leakproof lose their index under row security; it pins the
-- organisation by itself and gives ids only, which the caller joins under its own row security.
--
-- A single word, in the order of names, has its own way (hub_find_by_word). Any other search for words goes by their index,
-- which knows nothing of an order, so all hits are put in order; but where there are many they are mostly everywhere, and a
-- short walk along the order finds a page of them. It writes nothing, and is volatile only because it asks the planner how many
-- there are.
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
    IF p ? 'limit' AND up AND col = 'c.name_sort' AND jsonb_array_length(p -> 'words') = 1 AND p -> 'words' ->> 0 !~ '[0-9]'
        AND NOT p ?| ARRAY['ids', 'system', 'states', 'riskClass', 'requiresActions', 'expiresBefore', 'custom', 'updatedSince']
    THEN
        RETURN QUERY SELECT unnest(hub_find_by_word(organisation, p -> 'words' ->> 0, p ->> 'kind', p ->> 'status',
            decode(coalesce(p ->> 'fromKey', ''), 'hex'), coalesce(p ->> 'fromID', '00000000-0000-0000-0000-000000000000')::uuid,
            CASE WHEN p ? 'toID' THEN decode(p ->> 'toKey', 'hex') ELSE decode(repeat('ff', 32), 'hex') END,
            coalesce(p ->> 'toID', 'ffffffff-ffff-ffff-ffff-ffffffffffff')::uuid, (p ->> 'limit')::int));
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

-- The words are looked up in every batch of an import too.
CREATE OR REPLACE FUNCTION hub_analyze_customers() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    ANALYZE customer, customer_word, search_word, customer_address, office, person, person_key, contact, link, link_base, link_part, provenance, run_item;
END
$$;
