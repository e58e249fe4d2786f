CREATE OR REPLACE FUNCTION hub_propose_polls(p_new_id_salt uuid) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    queued integer;
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
        SET next_due_at = now() + s.poll_every
        FROM due
        WHERE s.organisation_id = due.organisation_id AND s.id = due.id
        RETURNING s.organisation_id, s.id, s.fresh_at
    ), inserted AS (
        INSERT INTO run (organisation_id, id, system_id, kind, state, actor_kind, actor_name)
        SELECT organisation_id, md5(p_new_id_salt::text || id::text)::uuid, id,
               CASE WHEN fresh_at IS NULL THEN 'FIRST_IMPORT' ELSE 'POLL' END, 'QUEUED', 'HUB', 'schedule'
        FROM claimed
        RETURNING 1
    )
    SELECT count(*) INTO queued FROM inserted;
    RETURN queued;
END
$$;
ALTER TABLE system DROP COLUMN swept_at, DROP COLUMN sweep_from, DROP COLUMN sweep_until;
DROP INDEX link_missing;
ALTER TABLE link DROP COLUMN missing_since, DROP COLUMN missing_lists;
ALTER TABLE run DROP COLUMN listed_cursor, DROP COLUMN listed_at, DROP COLUMN place;
DROP TABLE run_item;
