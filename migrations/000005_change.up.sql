-- The log of changes, its numbering, and the answers kept for idempotency keys.

CREATE TABLE change (
    organisation_id uuid NOT NULL REFERENCES organisation (id) ON DELETE CASCADE,
    id              bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    -- Given after commit by hub_number_changes, without holes. Readers look at numbered rows only.
    sequence        bigint,
    kind            text NOT NULL,
    -- No foreign key: the log outlives what it tells of.
    customer_id     uuid,
    change_no       integer NOT NULL DEFAULT 0,
    fields          jsonb NOT NULL DEFAULT '[]',
    actor_kind      text NOT NULL,
    actor_id        text NOT NULL DEFAULT '',
    actor_name      text NOT NULL DEFAULT '',
    origin_system   uuid,
    at              timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organisation_id, id)
);
CREATE UNIQUE INDEX change_in_order ON change (organisation_id, sequence) WHERE sequence IS NOT NULL;
CREATE UNIQUE INDEX change_of_customer ON change (organisation_id, customer_id, change_no) WHERE customer_id IS NOT NULL;
CREATE INDEX change_unnumbered ON change (organisation_id, customer_id, change_no, id) WHERE sequence IS NULL;
SELECT hub_protect('change');

CREATE TABLE change_counter (
    organisation_id uuid PRIMARY KEY REFERENCES organisation (id) ON DELETE CASCADE,
    newest          bigint NOT NULL
);
SELECT hub_protect('change_counter');

-- hub_number_changes numbers changes that are committed, at most p_limit of them, and gives the newest number of each
-- organisation it touched. One caller works at a time; the others wait their few milliseconds and then see a new
-- snapshot. Since only committed rows are seen, a number is never given to a change that could still be taken back, and
-- none is given before it (Promise 9). Within an organisation, customers come in the order of their oldest unnumbered
-- change, and each customer's changes in theirs.
CREATE FUNCTION hub_number_changes(p_limit integer)
RETURNS TABLE (organisation_id uuid, newest bigint, numbered bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('hub_number_changes'));
    RETURN QUERY
    WITH batch AS MATERIALIZED (
        SELECT c.organisation_id, c.id, c.customer_id, c.change_no
        FROM change c
        WHERE c.sequence IS NULL
        ORDER BY c.organisation_id, c.customer_id, c.change_no, c.id
        LIMIT p_limit
    ), oldest AS (
        SELECT b.*, min(b.id) OVER (PARTITION BY b.organisation_id, coalesce(b.customer_id::text, b.id::text)) AS first_id
        FROM batch b
    ), placed AS (
        SELECT o.organisation_id, o.id,
               row_number() OVER (PARTITION BY o.organisation_id ORDER BY o.first_id, o.change_no, o.id) AS place
        FROM oldest o
    ), counted AS (
        INSERT INTO change_counter AS k (organisation_id, newest)
        SELECT p.organisation_id, count(*) FROM placed p GROUP BY p.organisation_id
        ON CONFLICT ON CONSTRAINT change_counter_pkey DO UPDATE SET newest = k.newest + excluded.newest
        RETURNING k.organisation_id, k.newest
    ), sized AS (
        SELECT k.organisation_id, k.newest, (SELECT count(*) FROM placed p WHERE p.organisation_id = k.organisation_id) AS size
        FROM counted k
    ), written AS (
        UPDATE change c
        SET sequence = s.newest - s.size + p.place
        FROM placed p
        JOIN sized s ON s.organisation_id = p.organisation_id
        WHERE c.organisation_id = p.organisation_id AND c.id = p.id
        RETURNING 1
    )
    SELECT s.organisation_id, s.newest, s.size FROM sized s WHERE (SELECT count(*) FROM written) >= 0;
END
$$;
REVOKE ALL ON FUNCTION hub_number_changes(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hub_number_changes(integer) TO hub_app;

-- The answer given to a mutation with an idempotency key. It commits with the mutation, so a repeated request finds
-- either nothing done or the answer.
CREATE TABLE idempotency_key (
    organisation_id uuid NOT NULL REFERENCES organisation (id) ON DELETE CASCADE,
    actor_id        text NOT NULL,
    key             text NOT NULL,
    operation       text NOT NULL,
    body_hash       bytea NOT NULL,
    answer          jsonb NOT NULL DEFAULT '{}',
    created_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organisation_id, actor_id, key)
);
SELECT hub_protect('idempotency_key');
