-- The brake on mass change: what a system does to many customers, or the hub to many records of a system, within a window waits for a
-- person beyond a limit (Promise 6).

-- What the brake knows of one record: when a change was last counted, what is parked, and what stays apart since somebody rejected it.
-- NULL where there is nothing, which is nearly everywhere.
ALTER TABLE link_base ADD COLUMN brake jsonb;
ALTER TABLE link_base ADD COLUMN held boolean NOT NULL GENERATED ALWAYS AS (coalesce(brake ? 'held', false)) STORED;
CREATE INDEX link_base_held ON link_base (organisation_id, link_id) WHERE held;

-- One row for each system and way. Who counts changes holds it until they are committed, so that two replicas do not both find room
-- for the last one. records is how many records were linked when that was counted last.
CREATE TABLE brake (
    organisation_id uuid NOT NULL,
    system_id       uuid NOT NULL,
    way             text NOT NULL CONSTRAINT brake_way CHECK (way IN ('IN', 'OUT')),
    records         integer NOT NULL DEFAULT 0,
    counted_at      timestamptz,
    PRIMARY KEY (organisation_id, system_id, way),
    FOREIGN KEY (organisation_id, system_id) REFERENCES system (organisation_id, id) ON DELETE CASCADE
);
SELECT hub_protect('brake');

-- How many records were changed in ten minutes, by class. A record counts once in a window, where it was changed last.
CREATE TABLE brake_slot (
    organisation_id uuid NOT NULL,
    system_id       uuid NOT NULL,
    class           text NOT NULL,
    slot            timestamptz NOT NULL,
    n               integer NOT NULL,
    PRIMARY KEY (organisation_id, system_id, class, slot),
    FOREIGN KEY (organisation_id, system_id) REFERENCES system (organisation_id, id) ON DELETE CASCADE
);
SELECT hub_protect('brake_slot');

-- A stop is the brake of one class that was pulled, with the numbers of that moment, and what somebody decided about it.
CREATE TABLE brake_stop (
    organisation_id uuid NOT NULL,
    id              uuid NOT NULL,
    system_id       uuid NOT NULL,
    class           text NOT NULL,
    finding_id      uuid NOT NULL,
    run_id          uuid,
    counted         integer NOT NULL,
    records         integer NOT NULL,
    most            integer NOT NULL,
    since           timestamptz NOT NULL,
    stopped_at      timestamptz NOT NULL DEFAULT now(),
    parked          integer NOT NULL DEFAULT 0,
    ruling          text NOT NULL DEFAULT '' CONSTRAINT brake_stop_ruling CHECK (ruling IN ('', 'APPROVED', 'REJECTED', 'PASSED')),
    ruled_by        text NOT NULL DEFAULT '',
    ruled_at        timestamptz,
    note            text NOT NULL DEFAULT '',
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id, system_id) REFERENCES system (organisation_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX brake_stop_stands_once ON brake_stop (organisation_id, system_id, class) WHERE ruling = '';
CREATE UNIQUE INDEX brake_stop_of_finding ON brake_stop (organisation_id, finding_id);
SELECT hub_protect('brake_stop');
