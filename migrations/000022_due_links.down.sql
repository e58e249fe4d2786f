-- As it was before: systems that are only read from have none.
CREATE OR REPLACE FUNCTION hub_due_links(p_limit integer)
RETURNS TABLE (organisation_id uuid, system_id uuid, priority smallint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT s.organisation_id, s.id, least(due.priority, left_behind.priority) AS priority
    FROM system s
    LEFT JOIN LATERAL (
        SELECT l.priority
        FROM link l
        WHERE l.organisation_id = s.organisation_id AND l.system_id = s.id
          AND l.due_at IS NOT NULL AND l.due_at <= now() AND coalesce(l.lease_until < now(), true)
        ORDER BY l.priority, l.due_at, l.id
        LIMIT 1
    ) due ON true
    LEFT JOIN LATERAL (
        SELECT min(l.priority) AS priority
        FROM link l
        WHERE l.organisation_id = s.organisation_id AND l.system_id = s.id AND l.lease_until < now()
    ) left_behind ON true
    WHERE s.state = 'RUNNING' AND s.policy <> '{}' AND coalesce(s.hold_until <= now(), true)
      AND least(due.priority, left_behind.priority) IS NOT NULL
    ORDER BY least(due.priority, left_behind.priority), s.id
    LIMIT p_limit
$$;
