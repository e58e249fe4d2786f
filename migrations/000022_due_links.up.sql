-- A system that is only read from has single customers to look at too, where somebody says that a record is a customer's own.
-- What waits for the next poll to try again is left to that.
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
          AND (s.policy <> '{}' OR l.state = 'DUE')
        ORDER BY l.priority, l.due_at, l.id
        LIMIT 1
    ) due ON true
    LEFT JOIN LATERAL (
        SELECT min(l.priority) AS priority
        FROM link l
        WHERE l.organisation_id = s.organisation_id AND l.system_id = s.id AND l.lease_until < now()
    ) left_behind ON true
    WHERE s.state = 'RUNNING' AND coalesce(s.hold_until <= now(), true)
      AND least(due.priority, left_behind.priority) IS NOT NULL
    ORDER BY least(due.priority, left_behind.priority), s.id
    LIMIT p_limit
$$;
