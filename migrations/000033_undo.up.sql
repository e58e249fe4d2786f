-- A run that was a mistake can be taken back: what it set and is so still goes back to what it was before. So a change says which run
-- made it.
ALTER TABLE change ADD COLUMN run_id uuid;
CREATE INDEX change_of_run ON change (organisation_id, run_id) WHERE run_id IS NOT NULL;
-- And a link says which run tied a customer to its record, for there is no change about that.
ALTER TABLE link ADD COLUMN run_id uuid;

-- One row for each run of the kind UNDO: the run that it takes back, or would (dry_run).
CREATE TABLE undo (
    organisation_id uuid NOT NULL,
    id              uuid NOT NULL,
    -- No foreign key: what was taken back is told even where the run itself is kept no more.
    run_id          uuid NOT NULL,
    dry_run         boolean NOT NULL,
    reason          text NOT NULL DEFAULT '',
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id, id) REFERENCES run (organisation_id, id) ON DELETE CASCADE
);
CREATE INDEX undo_of_run ON undo (organisation_id, run_id, id);
SELECT hub_protect('undo');

-- What becomes of each value, by the place of its customer in the run's list. Before and after are of the customer's field: what it
-- holds, and what it gets or would have got. flows are the systems to which it then flows. A customer may be gone by now, so there is
-- no foreign key.
CREATE TABLE undo_item (
    organisation_id uuid NOT NULL,
    undo_id         uuid NOT NULL,
    place           integer NOT NULL,
    nth             integer NOT NULL,
    subject         text NOT NULL CONSTRAINT undo_item_subject CHECK (subject IN ('CUSTOMER', 'FIELD', 'RECORD')),
    customer_id     uuid NOT NULL,
    number          text NOT NULL DEFAULT '',
    name            text NOT NULL DEFAULT '',
    field           text NOT NULL DEFAULT '',
    before          text NOT NULL DEFAULT '',
    after           text NOT NULL DEFAULT '',
    system_id       uuid,
    external_id     text NOT NULL DEFAULT '',
    flows           jsonb NOT NULL DEFAULT '[]',
    verdict         text NOT NULL,
    changed_by      text NOT NULL DEFAULT '',
    changed_at      timestamptz,
    PRIMARY KEY (organisation_id, undo_id, place, nth),
    FOREIGN KEY (organisation_id, undo_id) REFERENCES undo (organisation_id, id) ON DELETE CASCADE
);
CREATE INDEX undo_item_by_verdict ON undo_item (organisation_id, undo_id, verdict, place, nth);
SELECT hub_protect('undo_item');
