-- Links between customers and external records, with the base pair of each.

CREATE TABLE link (
    organisation_id uuid NOT NULL,
    id              uuid NOT NULL,
    system_id       uuid NOT NULL,
    customer_id     uuid NOT NULL,
    -- The external system's own key. It never changes and is never used for another customer (R104). Empty until the
    -- customer has a record there.
    external_id     text NOT NULL,
    is_primary      boolean NOT NULL DEFAULT true,
    state           text NOT NULL CONSTRAINT link_state CHECK (state IN
                    ('IN_SYNC', 'DUE', 'WAITING', 'IN_PROGRESS', 'UNCERTAIN', 'PARKED', 'NOT_IN_SCOPE', 'PAUSED')),
    -- The link is its own place in the queue of work towards the system: when it is due, how urgently, who holds it until
    -- when. A result under an older fence is refused. claims counts holders since a result was last written.
    due_at          timestamptz,
    priority        smallint NOT NULL DEFAULT 0,
    lease_until     timestamptz,
    fence           bigint NOT NULL DEFAULT 0,
    claims          integer NOT NULL DEFAULT 0,
    -- When the hub last decided or finished writing into the record. What was read of it before says nothing.
    touched_at      timestamptz,
    attempt         integer NOT NULL DEFAULT 0,
    fault_code      text NOT NULL DEFAULT '',
    fault_message   text NOT NULL DEFAULT '',
    last_synced_at  timestamptz,
    -- Since when the record has been missing from complete lists, and from how many of them. Absence is believed on complete
    -- evidence only (Promise 6).
    missing_since   timestamptz,
    missing_lists   integer NOT NULL DEFAULT 0,
    created_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id, system_id) REFERENCES system (organisation_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organisation_id, customer_id) REFERENCES customer (organisation_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX link_one_per_record ON link (organisation_id, system_id, external_id) WHERE external_id <> '';
CREATE INDEX link_without_record ON link (organisation_id, system_id) WHERE external_id = '';
CREATE INDEX link_of_customer ON link (organisation_id, customer_id);
CREATE UNIQUE INDEX link_one_primary ON link (organisation_id, customer_id, system_id) WHERE is_primary;
CREATE INDEX link_due ON link (organisation_id, system_id, priority, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX link_held ON link (organisation_id, system_id, lease_until) WHERE lease_until IS NOT NULL;
CREATE INDEX link_missing ON link (organisation_id, system_id) WHERE missing_lists > 0;
SELECT hub_protect('link');

-- What both sides held when they last agreed: ours is compared with ours and theirs with theirs. Beside the link and not
-- in it, since the link's row is rewritten often and these are not.
CREATE TABLE link_base (
    organisation_id uuid NOT NULL,
    link_id         uuid NOT NULL,
    ours            jsonb NOT NULL,
    theirs          jsonb NOT NULL,
    agreed_at       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organisation_id, link_id),
    FOREIGN KEY (organisation_id, link_id) REFERENCES link (organisation_id, id) ON DELETE CASCADE
);
SELECT hub_protect('link_base');

-- Which external record an office or a person is.
CREATE TABLE link_part (
    organisation_id uuid NOT NULL,
    link_id         uuid NOT NULL,
    part            text NOT NULL CONSTRAINT link_part_kind CHECK (part IN ('office', 'contact')),
    external_id     text NOT NULL CONSTRAINT link_part_external_id CHECK (external_id <> ''),
    part_id         uuid NOT NULL,
    -- Whether the hub made the external record, and may take it away again.
    made            boolean NOT NULL DEFAULT false,
    PRIMARY KEY (organisation_id, link_id, part, external_id),
    CONSTRAINT link_part_once UNIQUE (organisation_id, link_id, part, part_id),
    FOREIGN KEY (organisation_id, link_id) REFERENCES link (organisation_id, id) ON DELETE CASCADE
);
SELECT hub_protect('link_part');
