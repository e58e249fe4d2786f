-- Decisions to write into an external system, made before the call, and who has links that are due.

-- A link has at most one intent: the next call waits until it is known what became of the last (Promise 2). The row goes
-- when that is known; the change log and the system's own records tell the rest.
CREATE TABLE intent (
    organisation_id uuid NOT NULL,
    link_id         uuid NOT NULL,
    -- Also the transaction by which the system can tell the call from another.
    id              uuid NOT NULL,
    operation       text NOT NULL CONSTRAINT intent_operation CHECK (operation IN ('CREATE', 'EDIT', 'REMOVE')),
    part            text NOT NULL DEFAULT '' CONSTRAINT intent_part CHECK (part IN ('', 'office', 'contact')),
    key             text NOT NULL DEFAULT '',
    part_id         uuid,
    sent            jsonb NOT NULL,
    want            jsonb NOT NULL,
    number          text NOT NULL DEFAULT '',
    business_id     text NOT NULL DEFAULT '',
    made_at         timestamptz NOT NULL DEFAULT now(),
    sent_at         timestamptz NOT NULL DEFAULT now(),
    sends           integer NOT NULL DEFAULT 1,
    trying          text NOT NULL DEFAULT '',
    PRIMARY KEY (organisation_id, link_id),
    FOREIGN KEY (organisation_id, link_id) REFERENCES link (organisation_id, id) ON DELETE CASCADE
);
SELECT hub_protect('intent');

-- The last number that the hub gave out itself, for customers whose system cannot number them safely.
CREATE TABLE number_counter (
    organisation_id uuid PRIMARY KEY REFERENCES organisation (id) ON DELETE CASCADE,
    newest          bigint NOT NULL
);
SELECT hub_protect('number_counter');

-- hub_due_links gives the systems that have links to look at now: which organisation they are of, and how urgent the most
-- urgent link is. A link is due when its time has come, or when its holder has gone. It tells nothing of customers.
CREATE FUNCTION hub_due_links(p_limit integer)
RETURNS TABLE (organisation_id uuid, system_id uuid, priority smallint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT s.organisation_id, s.id, d.priority
    FROM system s
    CROSS JOIN LATERAL (
        SELECT min(l.priority) AS priority
        FROM link l
        WHERE l.organisation_id = s.organisation_id AND l.system_id = s.id
          AND (l.due_at <= now() AND coalesce(l.lease_until < now(), true) OR l.lease_until < now())
    ) d
    WHERE s.state = 'RUNNING' AND s.policy <> '{}' AND coalesce(s.hold_until <= now(), true) AND d.priority IS NOT NULL
    ORDER BY d.priority, s.id
    LIMIT p_limit
$$;
REVOKE ALL ON FUNCTION hub_due_links(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hub_due_links(integer) TO hub_app;

-- hub_analyze_customers brings the planner's statistics up to date after the first rows of an import, long before the server
-- would do so by itself. Only a table's owner may.
CREATE FUNCTION hub_analyze_customers() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    ANALYZE customer, customer_address, office, person, contact, link, link_base, link_part, provenance, run_item;
END
$$;
REVOKE ALL ON FUNCTION hub_analyze_customers() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hub_analyze_customers() TO hub_app;
