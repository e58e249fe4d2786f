CREATE OR REPLACE FUNCTION hub_due_links(p_limit integer)
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

DROP INDEX link_due;
CREATE INDEX link_due ON link (organisation_id, system_id, priority, due_at) WHERE due_at IS NOT NULL;
