-- External systems, the runs that work on them, and the lanes that keep calls into one company one at a time.

CREATE TABLE system (
    organisation_id    uuid NOT NULL REFERENCES organisation (id) ON DELETE CASCADE,
    id                 uuid NOT NULL,
    kind               text NOT NULL CONSTRAINT system_kind CHECK (kind IN ('NETVISOR', 'NETVISOR_KYC', 'FLEX')),
    name               text NOT NULL CONSTRAINT system_name CHECK (name <> ''),
    state              text NOT NULL CONSTRAINT system_state
                       CHECK (state IN ('DRAFT', 'CHECKED', 'PLANNED', 'RUNNING', 'PAUSED', 'NEEDS_ACTION')),
    settings           jsonb NOT NULL DEFAULT '{}',
    -- Which way values flow, and who wins; {} imports only.
    policy             jsonb NOT NULL DEFAULT '{}',
    -- Sealed with the hub's keyset, bound to organisation and system; never readable by SQL alone.
    credentials        bytea,
    credentials_set_at timestamptz,
    checked_at         timestamptz,
    checks             jsonb NOT NULL DEFAULT '[]',
    fault_code         text NOT NULL DEFAULT '',
    fault_message      text NOT NULL DEFAULT '',
    fault_since        timestamptz,
    poll_every         interval NOT NULL,
    next_due_at        timestamptz,
    cursor             text NOT NULL DEFAULT '',
    fresh_at           timestamptz,
    -- When the last complete look at everything began, and between which hours of the day in Helsinki the next may start.
    swept_at           timestamptz,
    sweep_from         integer NOT NULL DEFAULT 1 CONSTRAINT system_sweep_from CHECK (sweep_from BETWEEN 0 AND 23),
    sweep_until        integer NOT NULL DEFAULT 5 CONSTRAINT system_sweep_until CHECK (sweep_until BETWEEN 1 AND 24),
    -- Until when single customers are not exchanged with the system, because it did not answer, and after how many failed
    -- calls in a row.
    hold_until         timestamptz,
    hold_count         integer NOT NULL DEFAULT 0,
    created_at         timestamptz NOT NULL DEFAULT now(),
    updated_at         timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organisation_id, id)
);
-- Two running systems of one kind would fight over the same customers.
CREATE UNIQUE INDEX system_one_running ON system (organisation_id, kind) WHERE state = 'RUNNING';
SELECT hub_protect('system');

CREATE TABLE run (
    organisation_id uuid NOT NULL,
    id              uuid NOT NULL,
    system_id       uuid NOT NULL,
    kind            text NOT NULL CONSTRAINT run_kind CHECK (kind IN ('FIRST_IMPORT', 'POLL', 'SWEEP', 'CHECK')),
    state           text NOT NULL CONSTRAINT run_state
                    CHECK (state IN ('QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED')),
    actor_kind      text NOT NULL,
    actor_id        text NOT NULL DEFAULT '',
    actor_name      text NOT NULL DEFAULT '',
    counts          jsonb NOT NULL DEFAULT '{}',
    total           integer NOT NULL DEFAULT 0,
    done            integer NOT NULL DEFAULT 0,
    fault_code      text NOT NULL DEFAULT '',
    message         text NOT NULL DEFAULT '',
    -- How the system's answer read that the run failed at, masked and short.
    sample          text NOT NULL DEFAULT '',
    created_at      timestamptz NOT NULL DEFAULT now(),
    started_at      timestamptz,
    finished_at     timestamptz,
    -- Who works on it, until when its word counts, and how often it changed hands. A result that carries an older fence is
    -- refused.
    holder          text NOT NULL DEFAULT '',
    lease_until     timestamptz,
    fence           bigint NOT NULL DEFAULT 0,
    -- How often it was claimed since it last got on.
    claims          integer NOT NULL DEFAULT 0,
    -- Set once the list is complete: its cursor, when it began, and the place up to which records have been taken in.
    listed_cursor   text NOT NULL DEFAULT '',
    listed_at       timestamptz,
    place           integer NOT NULL DEFAULT 0,
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id, system_id) REFERENCES system (organisation_id, id) ON DELETE CASCADE
);
CREATE INDEX run_recent ON run (organisation_id, created_at DESC, id DESC);
CREATE INDEX run_of_system ON run (organisation_id, system_id, created_at DESC);
CREATE INDEX run_unfinished ON run (organisation_id, created_at, id) WHERE state IN ('QUEUED', 'RUNNING');
CREATE UNIQUE INDEX run_one_running ON run (organisation_id, system_id) WHERE state = 'RUNNING';
SELECT hub_protect('run');

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

-- One row per external company that is called one call at a time, whatever the organisation and the number of replicas
-- (Promise 10). The key is a hash; there is no organisation data here, so there is no row security either.
CREATE TABLE lane (
    key         text PRIMARY KEY,
    holder      text NOT NULL DEFAULT '',
    fence       bigint NOT NULL DEFAULT 0,
    lease_until timestamptz,
    held_since  timestamptz,
    -- How long the lane is held at a time, of late; it tells those who wait what to expect.
    usual_hold  interval NOT NULL DEFAULT '0'
);
GRANT SELECT, INSERT, UPDATE ON lane TO hub_app;

-- Who waits for a lane. The lower priority goes first, then who came first. A ticket counts for as long as whoever drew it
-- shows signs of life.
CREATE TABLE lane_ticket (
    key         text NOT NULL,
    holder      text NOT NULL,
    priority    integer NOT NULL,
    drawn_at    timestamptz NOT NULL DEFAULT now(),
    valid_until timestamptz NOT NULL,
    PRIMARY KEY (key, holder)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON lane_ticket TO hub_app;

-- hub_propose_polls queues a run for every running system that is due, by the clock of the database, and says when it
-- is due next: a sweep once a night, otherwise a poll. Any number of schedulers may call it at any time: the row decides,
-- so each happens once.
CREATE FUNCTION hub_propose_polls(p_new_id_salt uuid) RETURNS integer
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
REVOKE ALL ON FUNCTION hub_propose_polls(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hub_propose_polls(uuid) TO hub_app;

-- hub_claim_run gives the oldest run that waits, or whose holder has gone, to the caller. At most one run of a system is
-- held at a time. One that was claimed ten times and never got on takes its holders down, so it is given up.
CREATE FUNCTION hub_claim_run(p_holder text, p_lease interval)
RETURNS TABLE (organisation_id uuid, run_id uuid, fence bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    WITH doomed AS (
        SELECT r.organisation_id, r.id
        FROM run r
        WHERE r.state = 'RUNNING' AND r.lease_until < now() AND r.claims >= 10
        FOR UPDATE SKIP LOCKED
    ), ended AS (
        UPDATE run r
        SET state = 'FAILED', fault_code = 'INTERNAL', finished_at = now(), lease_until = NULL, holder = '',
            message = 'The run was begun ten times and never got on, so the hub gave it up. The log has the details.'
        FROM doomed
        WHERE r.organisation_id = doomed.organisation_id AND r.id = doomed.id
        RETURNING r.organisation_id, r.id
    )
    DELETE FROM run_item i
    USING ended
    WHERE i.organisation_id = ended.organisation_id AND i.run_id = ended.id;

    RETURN QUERY
    WITH next AS (
        SELECT r.organisation_id, r.id
        FROM run r
        WHERE (r.state = 'RUNNING' AND r.lease_until < now())
           OR (r.state = 'QUEUED' AND NOT EXISTS (
                  SELECT FROM run other
                  WHERE other.organisation_id = r.organisation_id AND other.system_id = r.system_id
                    AND other.state = 'RUNNING'))
        ORDER BY r.created_at, r.id
        LIMIT 1
        FOR UPDATE SKIP LOCKED
    )
    UPDATE run r
    SET state = 'RUNNING', holder = p_holder, lease_until = now() + p_lease, fence = r.fence + 1,
        claims = r.claims + 1, started_at = coalesce(r.started_at, now())
    FROM next
    WHERE r.organisation_id = next.organisation_id AND r.id = next.id
    RETURNING r.organisation_id, r.id, r.fence;
EXCEPTION WHEN unique_violation THEN
    -- Somebody claimed another run of the same system in this moment. The caller asks again.
    RETURN;
END
$$;
REVOKE ALL ON FUNCTION hub_claim_run(text, interval) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hub_claim_run(text, interval) TO hub_app;
