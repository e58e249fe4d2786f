CREATE OR REPLACE FUNCTION hub_propose_polls(p_new_id_salt uuid) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    queued integer;
    hour   integer := extract(hour FROM now() AT TIME ZONE 'Europe/Helsinki');
BEGIN
    WITH due AS (
        SELECT s.organisation_id, s.id
        FROM system s
        WHERE s.state = 'RUNNING'
          AND s.next_due_at <= now()
          AND NOT EXISTS (
              SELECT FROM run r
              WHERE r.organisation_id = s.organisation_id AND r.system_id = s.id AND r.state IN ('QUEUED', 'RUNNING'))
        FOR UPDATE SKIP LOCKED
    ), claimed AS (
        UPDATE system s
        SET next_due_at = now() + least(s.poll_every, (
            SELECT min(d.source_every)
            FROM system d
            WHERE d.organisation_id = s.organisation_id AND d.source_kind = s.kind AND d.state = 'RUNNING'))
        FROM due
        WHERE s.organisation_id = due.organisation_id AND s.id = due.id
        RETURNING s.organisation_id, s.id,
            CASE
                WHEN s.fresh_at IS NULL THEN 'FIRST_IMPORT'
                -- Twenty hours: a sweep that began late last night does not keep the next one from its hours.
                WHEN hour >= s.sweep_from AND hour < s.sweep_until
                     AND coalesce(s.swept_at < now() - interval '20 hours', true) THEN 'SWEEP'
                ELSE 'POLL'
            END AS kind
    ), inserted AS (
        INSERT INTO run (organisation_id, id, system_id, kind, state, actor_kind, actor_name)
        SELECT organisation_id, md5(p_new_id_salt::text || id::text)::uuid, id, kind, 'QUEUED', 'HUB', 'schedule'
        FROM claimed
        RETURNING 1
    )
    SELECT count(*) INTO queued FROM inserted;
    RETURN queued;
END
$$;

ALTER TABLE system DROP COLUMN write_every, DROP COLUMN write_offset;
