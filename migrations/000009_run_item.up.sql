-- What a run has listed, so that a run that was killed goes on where it was instead of listing again, and so that what is
-- missing from a complete list can be told.

CREATE TABLE run_item (
    organisation_id uuid NOT NULL,
    run_id          uuid NOT NULL,
    external_id     text NOT NULL,
    -- The order of reading, from 1 without holes but where a list named a record twice.
    place           integer NOT NULL,
    PRIMARY KEY (organisation_id, run_id, external_id),
    FOREIGN KEY (organisation_id, run_id) REFERENCES run (organisation_id, id) ON DELETE CASCADE
);
CREATE INDEX run_item_in_order ON run_item (organisation_id, run_id, place);
SELECT hub_protect('run_item');

ALTER TABLE run
    -- Set once the list is complete: its cursor, when it began, and the place up to which records have been taken in.
    ADD COLUMN listed_cursor text NOT NULL DEFAULT '',
    ADD COLUMN listed_at     timestamptz,
    ADD COLUMN place         integer NOT NULL DEFAULT 0;

ALTER TABLE link
    -- Since when the record has been missing from complete lists, and from how many of them. Absence is believed on complete
    -- evidence only (Promise 6).
    ADD COLUMN missing_since timestamptz,
    ADD COLUMN missing_lists integer NOT NULL DEFAULT 0;
CREATE INDEX link_missing ON link (organisation_id, system_id) WHERE missing_lists > 0;

ALTER TABLE system
    -- When the last complete look at everything began, and between which hours of the day in Helsinki the next may start.
    ADD COLUMN swept_at    timestamptz,
    ADD COLUMN sweep_from  integer NOT NULL DEFAULT 1 CONSTRAINT system_sweep_from CHECK (sweep_from BETWEEN 0 AND 23),
    ADD COLUMN sweep_until integer NOT NULL DEFAULT 5 CONSTRAINT system_sweep_until CHECK (sweep_until BETWEEN 1 AND 24);

-- hub_propose_polls queues a run for every running system that is due, by the clock of the database, and says when it
-- is due next: a sweep once a night, otherwise a poll. Any number of schedulers may call it at any time: the row decides,
-- so each happens once.
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
        SET next_due_at = now() + s.poll_every
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
