-- Deletions of single records in external systems: nothing but an operator's explicit act (design section 5, deletes).

-- One row is one act. It stands until it is known what came of it, and stays after that: the last one of a link that was
-- done is the tombstone of the record, which keeps the customer from being made there again.
CREATE TABLE deletion (
    organisation_id uuid NOT NULL,
    id              uuid NOT NULL,
    link_id         uuid NOT NULL,
    -- Who asked, by the name that the operator gave, and why.
    asked_by        text NOT NULL CONSTRAINT deletion_asked_by CHECK (asked_by <> ''),
    reason          text NOT NULL CONSTRAINT deletion_reason CHECK (reason <> ''),
    asked_at        timestamptz NOT NULL DEFAULT now(),
    state           text NOT NULL DEFAULT 'ASKED' CONSTRAINT deletion_state CHECK (state IN ('ASKED', 'DONE', 'REFUSED')),
    -- What came of it, in the system's own words where it refused.
    message         text NOT NULL DEFAULT '',
    ended_at        timestamptz,
    PRIMARY KEY (organisation_id, id),
    FOREIGN KEY (organisation_id, link_id) REFERENCES link (organisation_id, id) ON DELETE CASCADE,
    CONSTRAINT deletion_end CHECK ((state = 'ASKED') = (ended_at IS NULL))
);
CREATE UNIQUE INDEX deletion_standing ON deletion (organisation_id, link_id) WHERE ended_at IS NULL;
CREATE INDEX deletion_of_link ON deletion (organisation_id, link_id, asked_at);
SELECT hub_protect('deletion');

ALTER TABLE intent DROP CONSTRAINT intent_operation;
ALTER TABLE intent ADD CONSTRAINT intent_operation CHECK (operation IN ('CREATE', 'EDIT', 'REMOVE', 'DELETE'));

-- Why the change was made, where somebody had to say so.
ALTER TABLE change ADD COLUMN reason text NOT NULL DEFAULT '';
